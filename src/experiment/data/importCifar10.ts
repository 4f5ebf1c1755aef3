import { closeSync, constants, copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { openRegular } from '../../base/files/readFile.ts';
import { UserError } from '../../base/userError.ts';
import { cifar10Missing } from './cifar10.ts';
import { CIFAR_FILES, FILE_RECORDS, RECORD_BYTES } from './cifar10Records.ts';
import { extractMembers } from './extractMembers.ts';
import { type DatasetReport, verifyCifar10 } from './verifyDataset.ts';
import { putWhole } from './wholeFolder.ts';

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
  return putWhole(from, target, async ({ isFolder }, stage) => {
    if (isFolder) copyFolder(from, stage, onFile);
    else {
      const sizes = new Map(CIFAR_FILES.map((name) => [name, FILE_RECORDS * RECORD_BYTES]));
      await extractMembers(from, sizes, stage, onFile);
    }
    return verifyCifar10(stage);
  });
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
  copyFiles(folder, CIFAR_FILES, stage, onFile);
}

/** Copies files, all of which must be regular ones. */
export function copyFiles(
  folder: string,
  names: readonly string[],
  stage: string,
  onFile: (name: string) => void,
): void {
  for (const name of names) {
    onFile(name);
    closeSync(openRegular(join(folder, name)).fd);
    copyFileSync(join(folder, name), join(stage, name), constants.COPYFILE_FICLONE);
  }
}
