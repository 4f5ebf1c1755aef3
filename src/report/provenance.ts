import { escapeHtml } from './html.ts';
import type { ReportInput } from './reportInput.ts';

/** Returns how the numbers are defined, on which machine the runs were made, and the experiment as it was resolved. */
export function provenanceSection({ experiment, runs, spectra }: ReportInput): string {
  const hosts = [...new Set(runs.map((run) => run.status?.host).filter((host) => host !== undefined))];
  const times = runs
    .flatMap((run) => [run.status?.started_at, run.status?.finished_at ?? run.status?.updated_at])
    .filter((time) => time !== undefined)
    .sort();
  const fits = [...new Set(spectra.map((row) => row.fit))];
  const laws = [...new Set(spectra.map((row) => row.mp_fit))];
  const facts = [
    ...(hosts.length > 0 ? [['trained on', hosts.join(', ')]] : []),
    ...(times.length > 0 ? [['time', `${times[0]} to ${times.at(-1)}`]] : []),
    ...(fits.length > 0 ? [['power-law fit', fits.join(', ')]] : []),
    ...(laws.length > 0 ? [['Marchenko-Pastur fit', laws.join(', ')]] : []),
  ];
  return `<p>Eigenvalues are of W\u1d40W without 1/N, W being N x M with N \u2265 M; sigma is \u221aN times the standard deviation of an entry.
Training accuracy and loss are means over the epoch while it was trained (dropout on, L2 penalty in the loss); test figures are of the state after it.</p>
<ul>${facts.map(([name, value]) => `<li>${name}: ${escapeHtml(value!)}</li>`).join('')}</ul>
${experiment.yaml === null ? '' : `<details><summary>experiment.yaml</summary><pre tabindex="0">${escapeHtml(experiment.yaml)}</pre></details>`}`;
}
