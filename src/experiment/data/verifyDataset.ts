import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileSha256 } from '../../base/files/checksums.ts';
import { readBytes } from '../../base/files/readFile.ts';
import { sha256 } from '../../base/sha256.ts';
import { UserError } from '../../base/userError.ts';
import { datasetChecksum } from './checksum.ts';
import { cifar10Missing } from './cifar10.ts';
import {
  CIFAR_CLASSES,
  CIFAR_FILES,
  checkRecords,
  FILE_RECORDS,
  OFFICIAL_MD5,
  RECORD_BYTES,
  TRAIN_FILES,
} from './cifar10Records.ts';
import { CIFAR100_FILES, loadCifar100 } from './cifar100.ts';
import type { DatasetName } from './datasets.ts';
import { FASHION_FILES, loadFashionMnist } from './fashionMnist.ts';
import { loadMnist, MNIST_FILES } from './mnist.ts';

export interface DatasetReport {
  name: DatasetName;
  folder: string;
  trainImages: number;
  testImages: number;
  /** Whether every file is byte for byte the distributed one; false: same layout, other order or other images. */
  official: boolean;
  /** As in the provenance of a run (see datasetChecksum). */
  checksum: string;
  files: readonly { name: string; bytes: number; sha256: string; official: boolean }[];
}

/** Returns what is in a folder of MNIST files; anything but the distributed files is a UserError. */
export function verifyMnist(folder: string): DatasetReport {
  const { train, test, checksum } = loadMnist(folder, { trainImages: null, testImages: null });
  const files = [MNIST_FILES.train, MNIST_FILES.test].flatMap(({ count, images, labels }) => [
    { name: images.name, bytes: 16 + count * 784, sha256: images.sha256, official: true },
    { name: labels.name, bytes: 8 + count, sha256: labels.sha256, official: true },
  ]);
  return {
    name: 'mnist',
    folder,
    trainImages: train.count,
    testImages: test.count,
    official: true,
    checksum,
    files,
  };
}

/**
 * Returns what is in a folder of CIFAR-10 files after checking sizes, labels and that each class has as many images as it must. A
 * short record, a label out of range or a wrong count is a UserError with file and record, or split and class.
 */
export function verifyCifar10(folder: string): DatasetReport {
  const missing = CIFAR_FILES.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) throw cifar10Missing(folder, missing);
  const counts = {
    train: new Array<number>(CIFAR_CLASSES).fill(0),
    test: new Array<number>(CIFAR_CLASSES).fill(0),
  };
  const files = CIFAR_FILES.map((name) => {
    const path = join(folder, name);
    const bytes = readBytes(path);
    checkRecords(path, bytes);
    const classCounts = TRAIN_FILES.includes(name) ? counts.train : counts.test;
    for (let record = 0; record < FILE_RECORDS; record++) classCounts[bytes[record * RECORD_BYTES]!]!++;
    const official = createHash('md5').update(bytes).digest('hex') === OFFICIAL_MD5[name];
    return { name, bytes: bytes.length, sha256: sha256(bytes), official };
  });
  const trainImages = TRAIN_FILES.length * FILE_RECORDS;
  checkClassCounts(folder, 'train', counts.train, trainImages);
  checkClassCounts(folder, 'test', counts.test, FILE_RECORDS);
  return {
    name: 'cifar10',
    folder,
    trainImages,
    testImages: FILE_RECORDS,
    official: files.every((file) => file.official),
    checksum: datasetChecksum(files.map((file) => file.sha256)),
    files,
  };
}

/** Returns what is in a folder of Fashion-MNIST files; anything but the distributed files is a UserError. */
export function verifyFashionMnist(folder: string): DatasetReport {
  const { train, test, checksum } = loadFashionMnist(folder, { trainImages: null, testImages: null });
  return {
    name: 'fashionMnist',
    folder,
    trainImages: train.count,
    testImages: test.count,
    official: true,
    checksum,
    files: FASHION_FILES.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256, official: true })),
  };
}

/** Returns what is in a folder of CIFAR-100 files after the same checks. */
export function verifyCifar100(folder: string): DatasetReport {
  const { train, test, checksum, classes } = loadCifar100(folder, { trainImages: null, testImages: null });
  for (const [split, { labels, count }] of [
    ['train', train],
    ['test', test],
  ] as const) {
    const counts = new Array<number>(classes).fill(0);
    for (const label of labels) counts[label]!++;
    checkClassCounts(folder, split, counts, count);
  }
  const files = CIFAR100_FILES.map(({ name, bytes, sha256: known }) => {
    const found = fileSha256(join(folder, name));
    return { name, bytes, sha256: found, official: found === known };
  });
  return {
    name: 'cifar100',
    folder,
    trainImages: train.count,
    testImages: test.count,
    official: files.every(({ official }) => official),
    checksum,
    files,
  };
}

function checkClassCounts(folder: string, split: string, counts: readonly number[], images: number): void {
  const expected = images / counts.length;
  const wrong = counts.findIndex((count) => count !== expected);
  if (wrong >= 0) {
    throw new UserError(
      `${folder}: class ${wrong} of the ${split} split must have ${expected} images, got ${counts[wrong]}`,
    );
  }
}
