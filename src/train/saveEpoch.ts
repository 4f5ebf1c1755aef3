import type { RunConfig } from '../experiment/config/schema.ts';
import type { Network } from '../experiment/networks/network.ts';
import { writeMetricsCsv } from '../experiment/results/csvFiles.ts';
import type { RunLayout } from '../experiment/results/layout.ts';
import type { MetricsRow } from '../experiment/results/metricsRow.ts';
import { writeNetworkSnapshot, writeSnapshot } from '../experiment/results/snapshot.ts';
import { type TrainingPosition, writeCheckpoint } from './checkpoint.ts';
import { shouldStop } from './earlyStopping.ts';
import type { TrainingSession } from './step/trainingSession.ts';

/** The run whose epoch is saved, and where. */
export interface SavedRun {
  files: RunLayout;
  config: RunConfig;
  identity: string;
  network: Network;
  /** What a checkpoint holds: parameters, and what the optimizer remembers. */
  state: TrainingSession['state'];
}

/** Where the run stands after the epoch, its rows of metrics.csv, and the values of its state. */
export interface SavedEpoch {
  position: TrainingPosition;
  rows: readonly MetricsRow[];
  values: ReadonlyMap<string, Float32Array>;
}

/**
 * Writes what an epoch leaves, each file atomically: the snapshot where the config asks for one, metrics.csv, the checkpoint, in this
 * order. `resume` goes by the checkpoint, and takes away what a process that was killed in between has written beyond it.
 */
export function saveEpoch(run: SavedRun, { position, rows, values }: SavedEpoch): void {
  const { files, config, identity, state } = run;
  const { epoch } = position;
  const isLast = epoch === config.epochs || shouldStop(rows, config.earlyStopping);
  if (isLast || epoch % config.snapshots.every === 0) writeSnapshots(run, epoch, values);
  writeMetricsCsv(files.metrics, rows);
  writeCheckpoint(files.checkpoint, identity, position, state, values);
}

function writeSnapshots(
  { files, config: { snapshots }, network: { parameters, analyzedLayers } }: SavedRun,
  epoch: number,
  values: SavedEpoch['values'],
): void {
  // The network first: whoever sees the snapshot finds the rest.
  if (snapshots.network) {
    const tensors = parameters.map(
      ({ name, shape }) => [name, { dtype: 'F32', shape, data: values.get(name)! }] as const,
    );
    writeNetworkSnapshot(files.networkSnapshot(epoch), epoch, new Map(tensors));
  }
  const kernels = (snapshots.layers ?? analyzedLayers).map((layer) => {
    const { name, shape } = parameters.find((parameter) => parameter.name === `${layer}/kernel`)!;
    return { layer, shape, data: values.get(name)! };
  });
  writeSnapshot(files.snapshot(epoch), epoch, kernels, snapshots.dtype);
}
