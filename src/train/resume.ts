import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../base/userError.ts';
import { readMetricsCsv } from '../experiment/results/csvFiles.ts';
import { networkEpoch, type RunLayout, snapshotEpoch } from '../experiment/results/layout.ts';
import type { MetricsRow } from '../experiment/results/metricsRow.ts';
import { readCheckpoint, type TrainingPosition } from './checkpoint.ts';
import type { TrainingSession } from './step/trainingSession.ts';

/** Where a run stands: how far it is trained, and its rows of metrics.csv up to there. */
export interface RunPosition {
  position: TrainingPosition;
  rows: MetricsRow[];
}

/**
 * Brings session and files to the state of the last checkpoint and returns where the run stands; null, with no snapshot left, where there
 * is no checkpoint. Throws UserError for one of another identity and for files that do not go with it.
 */
export function resume(files: RunLayout, identity: string, session: TrainingSession): RunPosition | null {
  const checkpoint = readCheckpoint(files.checkpoint, identity, session.state);
  if (checkpoint === null) {
    removeSnapshotsAfter(files, -1);
    return null;
  }
  const { position, values } = checkpoint;
  session.setState(values);
  const rows = metricsUpTo(files, position.epoch);
  removeSnapshotsAfter(files, position.epoch);
  return { position, rows };
}

/** Returns the rows of all epochs up to one; metrics.csv is written before the checkpoint, so it lacks none of them unless it is damaged. */
function metricsUpTo({ metrics }: RunLayout, epoch: number): MetricsRow[] {
  const rows = existsSync(metrics) ? readMetricsCsv(metrics).filter((row) => row.epoch <= epoch) : [];
  if (rows.length !== epoch + 1 || rows.some((row, i) => row.epoch !== i)) {
    throw new UserError(
      `${metrics} must have a row for each of the epochs 0 to ${epoch}, as the checkpoint does, got ` +
        `${rows.map((row) => row.epoch).join(', ') || 'none'}`,
    );
  }
  return rows;
}

/** Removes what a killed process wrote after its last checkpoint, so that a run never shows more than it can stand for. */
function removeSnapshotsAfter(files: RunLayout, epoch: number): void {
  for (const name of readdirSync(files.snapshots)) {
    const found = snapshotEpoch(name) ?? networkEpoch(name);
    if (found === null || found > epoch) rmSync(join(files.snapshots, name), { force: true });
  }
}
