import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../base/files/cacheFolder.ts';
import { readBytes } from '../../base/files/readFile.ts';
import { sha256 } from '../../base/sha256.ts';
import { UserError } from '../../base/userError.ts';
import { datasetChecksum } from './checksum.ts';
import {
  CIFAR_CHANNELS,
  CIFAR_FILES,
  CROP_SIDE,
  checkRecords,
  cropRecords,
  FILE_RECORDS,
  TEST_FILE,
  TRAIN_FILES,
} from './cifar10Records.ts';
import type { Dataset, DatasetLimits, Split } from './dataset.ts';
import { DATASETS } from './datasets.ts';

/** Returns the folder in the cache where `data fetch` and `data import` put CIFAR-10. */
export const cifar10Folder = (): string => join(cacheFolder(), 'data', 'cifar10');

/** Returns the error for a folder that lacks files of the data set. */
export const cifar10Missing = (folder: string, missing: readonly string[]): UserError =>
  new UserError(
    `cifar10 must lie in ${folder}, got no ${missing.join(', ')}`,
    'phasewatch data fetch cifar10, or phasewatch data import cifar10 --from FOLDER_OR_ARCHIVE',
  );

/** Returns CIFAR-10, centre-cropped to 28 x 28, from the six files of the binary layout in `folder`. */
export function loadCifar10(folder: string, limits: DatasetLimits): Dataset {
  const missing = CIFAR_FILES.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) throw cifar10Missing(folder, missing);
  const digests: string[] = [];
  const load = (files: readonly string[], limit: number | null, name: keyof DatasetLimits): Split => {
    const available = files.length * FILE_RECORDS;
    const count = limit ?? available;
    if (count > available) throw new UserError(`${name} must be at most ${available}, got ${count}`);
    const images = new Uint8Array(count * CROP_SIDE * CROP_SIDE * CIFAR_CHANNELS);
    const labels = new Uint8Array(count);
    files.forEach((file, index) => {
      const path = join(folder, file);
      const bytes = readBytes(path);
      checkRecords(path, bytes);
      digests.push(sha256(bytes));
      const first = index * FILE_RECORDS;
      if (first < count) cropRecords(bytes, images, labels, first, Math.min(FILE_RECORDS, count - first));
    });
    return { images, labels, count };
  };
  const train = load(TRAIN_FILES, limits.trainImages, 'trainImages');
  const test = load([TEST_FILE], limits.testImages, 'testImages');
  return {
    name: 'cifar10',
    shape: DATASETS.cifar10.inputShape,
    classes: DATASETS.cifar10.classes,
    preprocessing: DATASETS.cifar10.preprocessing,
    train,
    test,
    checksum: datasetChecksum(digests),
  };
}
