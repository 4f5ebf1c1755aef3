import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../base/files/cacheFolder.ts';
import { readBytes } from '../../base/files/readFile.ts';
import { sha256 } from '../../base/sha256.ts';
import { UserError } from '../../base/userError.ts';
import { datasetChecksum } from './checksum.ts';
import { CIFAR_CHANNELS, CIFAR_SIDE } from './cifar10Records.ts';
import type { Dataset, DatasetLimits, Split } from './dataset.ts';
import { DATASETS } from './datasets.ts';
import { takeFirst } from './takeFirst.ts';

const { inputShape, classes, trainImages, testImages, preprocessing } = DATASETS.cifar100;
const PLANE = CIFAR_SIDE * CIFAR_SIDE;
/** The coarse label, the fine one, then the planes of red, green and blue. */
const RECORD_BYTES = 2 + CIFAR_CHANNELS * PLANE;

/** The files of the binary layout, with the records in each and the SHA-256 of the official ones. */
export const CIFAR100_FILES = [
  {
    name: 'train.bin',
    records: trainImages,
    bytes: trainImages * RECORD_BYTES,
    sha256: 'f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29',
  },
  {
    name: 'test.bin',
    records: testImages,
    bytes: testImages * RECORD_BYTES,
    sha256: 'd8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a',
  },
] as const;

/** The official binary archive. */
export const CIFAR100_ARCHIVE = {
  url: 'https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz',
  bytes: 168_513_733,
  sha256: '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
} as const;

/** Returns the folder in the cache where `data fetch` and `data import` put CIFAR-100. */
export const cifar100Folder = (): string => join(cacheFolder(), 'data', 'cifar100');

/** Returns CIFAR-100 with its 100 fine labels from the two files of the binary layout in `folder`. */
export function loadCifar100(folder: string, limits: DatasetLimits): Dataset {
  const digests: string[] = [];
  const [train, test] = CIFAR100_FILES.map(({ name, records, bytes: expected }): Split => {
    const path = join(folder, name);
    if (!existsSync(path)) {
      throw new UserError(
        `cifar100 must lie in ${folder}, got no ${name}`,
        'phasewatch data fetch cifar100, or phasewatch data import cifar100 --from FOLDER_OR_ARCHIVE',
      );
    }
    const bytes = readBytes(path);
    if (bytes.length !== expected) {
      throw new UserError(
        `${path} must have ${records} records of ${RECORD_BYTES} bytes (${expected}), got ${bytes.length}`,
      );
    }
    digests.push(sha256(bytes));
    return readRecords(path, bytes, records);
  });
  return {
    name: 'cifar100',
    shape: inputShape,
    classes,
    preprocessing,
    train: takeFirst(train!, limits.trainImages, 'trainImages'),
    test: takeFirst(test!, limits.testImages, 'testImages'),
    checksum: datasetChecksum(digests),
  };
}

/** Returns whether a folder holds the two files of the binary layout, by their names. */
export function isCifar100(folder: string): boolean {
  return CIFAR100_FILES.every(({ name }) => existsSync(join(folder, name)));
}

function readRecords(path: string, bytes: Uint8Array, count: number): Split {
  const images = new Uint8Array(count * CIFAR_CHANNELS * PLANE);
  const labels = new Uint8Array(count);
  let out = 0;
  for (let record = 0; record < count; record++) {
    const start = record * RECORD_BYTES;
    const label = bytes[start + 1]!;
    if (label >= classes) {
      throw new UserError(
        `${path}: label of record ${record} at offset ${start + 1} must be in 0..${classes - 1}, got ${label}`,
      );
    }
    labels[record] = label;
    for (let pixel = start + 2; pixel < start + 2 + PLANE; pixel++) {
      images[out++] = bytes[pixel]!;
      images[out++] = bytes[pixel + PLANE]!;
      images[out++] = bytes[pixel + 2 * PLANE]!;
    }
  }
  return { images, labels, count };
}
