import { escapeMarkup } from '../../base/escapeMarkup.ts';
import type { Session } from '../../experiment/results/provenance.ts';
import type { ReportInput } from './reportInput.ts';

/** Returns how the numbers are defined, with what the runs were made, and the experiment as it was resolved. */
export function provenanceSection({ experiment, runs, spectra }: ReportInput): string {
  const sessions = runs.flatMap((run) => run.provenance?.sessions ?? []);
  const times = runs
    .flatMap((run) => [run.status?.started_at, run.status?.finished_at ?? run.status?.updated_at])
    .filter((time) => time !== undefined)
    .sort();
  const facts: [string, (string | null | undefined)[]][] = [
    ['command', sessions.map((session) => session.command)],
    ['phasewatch', sessions.map((session) => session.phasewatch)],
    ['checkout', sessions.map(checkoutOf)],
    ['engine', sessions.map(engineOf)],
    ['machine', sessions.length > 0 ? sessions.map(machineOf) : runs.map((run) => run.status?.host)],
    ['data set (SHA-256)', runs.map((run) => run.provenance?.dataset_sha256)],
    ['time', times.length > 0 ? [`${times[0]} to ${times.at(-1)}`] : []],
    ['power-law fit', spectra.map((row) => row.fit)],
    ['Marchenko-Pastur fit', spectra.map((row) => row.mp_fit)],
  ];
  return `<p>Eigenvalues are of W\u1d40W without 1/N, W being N x M with N \u2265 M; sigma is \u221aN times the standard deviation of an entry.
Training accuracy and loss are means over the epoch while it was trained (dropout on, L2 penalty in the loss); test figures are of the state after it.</p>
<dl class="provenance">${facts.map(([name, values]) => factRow(name, values)).join('')}</dl>
${experiment.yaml === null ? '' : `<details><summary>experiment.yaml</summary><pre tabindex="0">${escapeMarkup(experiment.yaml)}</pre></details>`}`;
}

function factRow(name: string, values: readonly (string | null | undefined)[]): string {
  const distinct = [...new Set(values.filter((value) => typeof value === 'string'))];
  if (distinct.length === 0) return '';
  return `<dt>${name}</dt>${distinct.map((value) => `<dd>${escapeMarkup(value)}</dd>`).join('')}`;
}

function checkoutOf({ git }: Session): string | null {
  if (git === null) return null;
  return `${git.commit}${git.diff_sha256 === null ? '' : ', changed since'}`;
}

function engineOf({ tensorflow, tfjs, node }: Session): string {
  return `TensorFlow ${tensorflow}, tfjs ${tfjs}, Node ${node}`;
}

function machineOf({ host, platform, cpu, cores, gpu, device, threads }: Session): string {
  const used = [device ?? (gpu ? 'GPU' : null), threads === null ? null : `${threads} threads`];
  return [`${host}: ${cpu}`, `${cores} cores`, platform, ...used].filter((part) => part !== null).join(', ');
}
