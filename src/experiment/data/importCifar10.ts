import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { makeFolder } from '../../base/files/makeFolder.ts';
import { isAlive } from '../../base/files/processes.ts';
import { openRegular } from '../../base/files/readFile.ts';
import { UserError } from '../../base/userError.ts';
import { cifar10Missing } from './cifar10.ts';
import { CIFAR_FILES, FILE_RECORDS, RECORD_BYTES } from './cifar10Records.ts';
import { extractMembers } from './extractMembers.ts';
import { type DatasetReport, verifyCifar10 } from './verifyDataset.ts';

/** The folder inside the official archive. */
const ARCHIVE_FOLDER = 'cifar-10-batches-bin';

/**
 * Puts CIFAR-10 into `target` from a folder with the six binary files or a tar archive of them (plain, gzip or xz), and returns what
 * it found. The files are checked in a folder of their own first: `target` holds the old data set or the whole new one, never a part.
 */
export async function importCifar10(
  from: string,
  target: string,
  onFile: (name: string) => void,
): Promise<DatasetReport> {
  const source = statSync(from, { throwIfNoEntry: false });
  if (source === undefined) throw new UserError(`--from must be a folder or an archive, got none at ${from}`);
  removeStale(target);
  const stage = `${target}.${process.pid}.partial`;
  makeFolder(stage);
  try {
    if (source.isDirectory()) copyFolder(from, stage, onFile);
    else {
      const sizes = new Map(CIFAR_FILES.map((name) => [name, FILE_RECORDS * RECORD_BYTES]));
      await extractMembers(from, sizes, stage, onFile);
    }
    const report = verifyCifar10(stage);
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

function copyFolder(from: string, stage: string, onFile: (name: string) => void): void {
  const inner = join(from, ARCHIVE_FOLDER);
  const folder = existsSync(inner) ? inner : from;
  const missing = CIFAR_FILES.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) {
    if (existsSync(join(folder, 'data_batch_1'))) {
      throw new UserError(
        `${folder} must hold the binary version of CIFAR-10, got the Python version`,
        'phasewatch data fetch cifar10 fetches the binary version',
      );
    }
    throw cifar10Missing(folder, missing);
  }
  for (const name of CIFAR_FILES) {
    onFile(name);
    closeSync(openRegular(join(folder, name)).fd);
    copyFileSync(join(folder, name), join(stage, name), constants.COPYFILE_FICLONE);
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
