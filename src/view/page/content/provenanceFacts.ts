import type { Session } from '../../../experiment/results/provenance.ts';
import type { ReportInput } from './reportInput.ts';

/** Returns with what the runs were made, each fact once: its name and the values it had. */
export function provenanceFacts({
  runs,
  spectra,
}: Pick<ReportInput, 'runs' | 'spectra'>): (readonly [string, readonly string[]])[] {
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
  return facts
    .map(
      ([name, values]) => [name, [...new Set(values.filter((value) => typeof value === 'string'))]] as const,
    )
    .filter(([, values]) => values.length > 0);
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
