import { readdirSync } from 'node:fs';
import { UserError } from '../../base/userError.ts';
import { snapshotEpoch } from './layout.ts';

/** Returns the epochs that have a snapshot in the folder, ascending; none where there is no folder. Throws UserError where it cannot be read. */
export function snapshotEpochs(folder: string): number[] {
  return namesIn(folder)
    .map(snapshotEpoch)
    .filter((epoch) => epoch !== null)
    .sort((a, b) => a - b);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new UserError(`${folder} must be a folder that can be read, got ${code}`);
  }
}
