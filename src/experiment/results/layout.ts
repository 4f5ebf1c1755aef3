import { join } from 'node:path';

/** Paths of a results folder; the one place that knows them (docs/reference/architecture.md draws the tree). */
export const resultsLayout = (dir: string) => ({
  dir,
  experiment: join(dir, 'experiment.yaml'),
  executor: join(dir, 'executor.json'),
  runs: join(dir, 'runs'),
  spectra: join(dir, 'spectra.csv'),
  esdFolder: join(dir, 'esd'),
  esd: (runId: string) => join(dir, 'esd', `${runId}.safetensors`),
  truncatedFolder: join(dir, 'truncated'),
  /** Errors of the network of a run with layers cut to their tails. */
  truncated: (runId: string) => join(dir, 'truncated', `${runId}.csv`),
  figures: join(dir, 'figures'),
  report: join(dir, 'report.html'),
  /** Numbers of the paper beside those found here, where an experiment is a reproduction. */
  reproduction: join(dir, 'reproduction.csv'),
  run: (runId: string) => runLayout(join(dir, 'runs', runId)),
});

export const runLayout = (dir: string) => ({
  dir,
  config: join(dir, 'config.json'),
  /** What is known of a training elsewhere, in place of a config. */
  settings: join(dir, 'settings.json'),
  provenance: join(dir, 'provenance.json'),
  status: join(dir, 'status.json'),
  progress: join(dir, 'progress.json'),
  log: join(dir, 'log.ndjson'),
  metrics: join(dir, 'metrics.csv'),
  snapshots: join(dir, 'snapshots'),
  snapshot: (epoch: number) => join(dir, 'snapshots', `epoch-${String(epoch).padStart(3, '0')}.safetensors`),
  /** All parameters beside the snapshot of an epoch, where the run keeps them. */
  networkSnapshot: (epoch: number) =>
    join(dir, 'snapshots', `network-${String(epoch).padStart(3, '0')}.safetensors`),
  checkpoint: join(dir, 'checkpoint.safetensors'),
});

/** Returns the epoch of a snapshot by its file's name, or null for a name that `snapshot` does not give. */
export function snapshotEpoch(name: string): number | null {
  const found = /^epoch-(\d+)\.safetensors$/.exec(name);
  return found === null ? null : Number(found[1]);
}

/** Returns the epoch whose parameters are in a file of this name, or null for a name that `networkSnapshot` does not give. */
export function networkEpoch(name: string): number | null {
  const found = /^network-(\d+)\.safetensors$/.exec(name);
  return found === null ? null : Number(found[1]);
}

/** Tensor name of one spectrum in esd/<run-id>.safetensors: float64 eigenvalues, ascending. */
export const esdKey = (epoch: number, layer: string): string =>
  `epoch-${String(epoch).padStart(3, '0')}/${layer}`;

export type ResultsLayout = ReturnType<typeof resultsLayout>;
export type RunLayout = ReturnType<typeof runLayout>;
