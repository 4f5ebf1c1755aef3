import { existsSync, readdirSync } from 'node:fs';
import { snapshotEpoch } from './layout.ts';

/** Returns the epochs that have a snapshot in the folder, ascending; none where there is no folder. */
export function snapshotEpochs(folder: string): number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map(snapshotEpoch)
    .filter((epoch) => epoch !== null)
    .sort((a, b) => a - b);
}
