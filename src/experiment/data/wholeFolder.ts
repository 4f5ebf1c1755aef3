import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../../base/files/makeFolder.ts';
import { isAlive } from '../../base/files/processes.ts';
import { UserError } from '../../base/userError.ts';
import type { DatasetReport } from './verifyDataset.ts';

/**
 * Puts a data set into `target` and returns what `fill` found in it: `fill` is given what stands at `from` and an empty folder to put the
 * files in and check them. `target` holds the old data set or the whole new one, never a part.
 */
export async function putWhole(
  from: string,
  target: string,
  fill: (source: { isFolder: boolean }, stage: string) => Promise<DatasetReport>,
): Promise<DatasetReport> {
  const source = statSync(from, { throwIfNoEntry: false });
  if (source === undefined) throw new UserError(`--from must be a folder or an archive, got none at ${from}`);
  removeStale(target);
  const stage = `${target}.${process.pid}.partial`;
  makeFolder(stage);
  try {
    const report = await fill({ isFolder: source.isDirectory() }, stage);
    replaceFolder(stage, target);
    return { ...report, folder: target };
  } catch (error) {
    if (error instanceof UserError) {
      // The copy is gone when this is read: name what was given.
      throw new UserError(error.message.replaceAll(stage, from), error.remedy);
    }
    throw error;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function replaceFolder(stage: string, target: string): void {
  const old = `${target}.${process.pid}.old`;
  if (existsSync(target)) renameSync(target, old);
  renameSync(stage, target);
  rmSync(old, { recursive: true, force: true });
}

/** Removes what an import that was killed has left beside the target. */
function removeStale(target: string): void {
  const parent = dirname(target);
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(`${basename(target)}.`) ? /\.(\d+)\.partial$/.exec(name)?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(parent, name), { recursive: true });
  }
}
