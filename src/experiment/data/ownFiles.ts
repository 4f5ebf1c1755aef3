import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileSha256 } from '../../base/files/checksums.ts';
import { readBytes } from '../../base/files/readFile.ts';
import { UserError } from '../../base/userError.ts';
import { datasetChecksum } from './checksum.ts';
import { isCifar100, loadCifar100 } from './cifar100.ts';
import type { Dataset, DatasetLimits, Split } from './dataset.ts';
import { DATASETS, type DatasetFacts } from './datasets.ts';
import { gunzipIfPacked, readIdx, readIdxShape, unpackedBeginning } from './idx.ts';
import { openArrays } from './ownArrays.ts';
import type { OwnSource, SplitSource } from './splitSource.ts';
import { takeFirst } from './takeFirst.ts';

const SPLITS = ['train', 'test'] as const;
/** Names of IDX files, as MNIST, Fashion-MNIST, KMNIST and EMNIST have them: EMNIST puts the name of a split of its own before. */
const IDX_NAMES = {
  train: {
    images: /(^|-)train-images[-.]idx3-ubyte(\.gz)?$/,
    labels: /(^|-)train-labels[-.]idx1-ubyte(\.gz)?$/,
  },
  test: {
    images: /(^|-)(t10k|test)-images[-.]idx3-ubyte(\.gz)?$/,
    labels: /(^|-)(t10k|test)-labels[-.]idx1-ubyte(\.gz)?$/,
  },
} as const;
const LARGEST_LABEL = 255;
const REMEDY = 'docs/guide/data.md says what the files of a data set of your own must be';

const facts = new Map<string, DatasetFacts>();

/** Returns what is known of the images in the files at a path: their headers are read, and all labels. */
export function ownFacts(path: string): DatasetFacts {
  const known = facts.get(path);
  if (known !== undefined) return known;
  if (isCifar100(path)) return DATASETS.cifar100;
  const { train, test } = openOwn(path);
  const found = {
    inputShape: imageShape(train, test),
    classes: labelsOf(train, test).classes,
    trainImages: train.shape[0]!,
    testImages: test.shape[0]!,
    preprocessing: preprocessingOf(imageShape(train, test)[2]),
  } as const;
  facts.set(path, found);
  return found;
}

/**
 * Returns the data set in the files at a path: a folder of IDX files or of CIFAR-100's, a file of arrays, or a folder of `train` and `test`
 * as such.
 */
export function loadOwn(path: string, limits: DatasetLimits): Dataset {
  if (isCifar100(path)) return { ...loadCifar100(path, limits), name: path };
  const { train, test, files } = openOwn(path);
  const shape = imageShape(train, test);
  const labels = labelsOf(train, test);
  const load = (source: SplitSource, values: Uint8Array): Split => ({
    images: source.readImages(),
    labels: values,
    count: source.shape[0]!,
  });
  return {
    name: path,
    shape,
    classes: labels.classes,
    preprocessing: preprocessingOf(shape[2]),
    train: takeFirst(load(train, labels.train), limits.trainImages, 'trainImages'),
    test: takeFirst(load(test, labels.test), limits.testImages, 'testImages'),
    checksum: datasetChecksum(files.map(fileSha256)),
  };
}

/** Grey images as MNIST's, coloured ones as CIFAR's. */
const preprocessingOf = (channels: number) => (channels === 1 ? 'unitScale' : 'perImageStandardization');

function openOwn(path: string): OwnSource {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new UserError(`dataset must be there, got nothing at ${path}`, REMEDY);
  if (!stat.isDirectory()) return openArrays([path]);
  const names = readdirSync(path).sort();
  if (names.some((name) => IDX_NAMES.train.images.test(name))) return openIdx(path, names);
  for (const extension of ['.npz', '.safetensors']) {
    const parts = SPLITS.map((split) => join(path, `${split}${extension}`));
    if (parts.every((part) => existsSync(part))) return openArrays(parts);
  }
  throw new UserError(
    `dataset ${path} must hold IDX files (train-images-idx3-ubyte, ...), CIFAR-100 (train.bin, test.bin), or train and test as .npz or .safetensors, got ` +
      `${names.slice(0, 5).join(', ') || 'nothing'}`,
    REMEDY,
  );
}

function openIdx(folder: string, names: readonly string[]): OwnSource {
  const find = (pattern: RegExp, what: string): string => {
    const found = names.filter((name) => pattern.test(name));
    if (found.length !== 1) {
      throw new UserError(
        `dataset ${folder} must have one IDX file of the ${what}, got ${found.join(', ') || 'none'}`,
        REMEDY,
      );
    }
    return join(folder, found[0]!);
  };
  const source = (split: 'train' | 'test'): SplitSource & { files: string[] } => {
    const images = find(IDX_NAMES[split].images, `${split} images`);
    const labels = find(IDX_NAMES[split].labels, `${split} labels`);
    const shape = readIdxShape(images, unpackedBeginning(images), 3);
    const read = (path: string, sides: readonly number[]): Uint8Array =>
      readIdx(path, gunzipIfPacked(path, readBytes(path)), sides);
    return {
      shape,
      readImages: () => read(images, shape),
      readLabels: () => read(labels, [shape[0]!]),
      subject: images,
      files: [images, labels],
    };
  };
  const [train, test] = [source('train'), source('test')];
  return { train, test, files: [...train.files, ...test.files] };
}

function imageShape(train: SplitSource, test: SplitSource): [number, number, number] {
  const [shape, other] = [train, test].map((source) => {
    const [count, height, width, channels = 1] = source.shape;
    const rightRank = source.shape.length === 3 || source.shape.length === 4;
    if (!rightRank || count === 0 || ![1, 3].includes(channels) || height === 0 || width === 0) {
      throw new UserError(
        `images of ${source.subject} must be count x height x width, grey, or with a last axis of 1 or 3 channels, got shape (${source.shape.join(', ')})`,
      );
    }
    return [height!, width!, channels] as [number, number, number];
  });
  if (String(shape) !== String(other)) {
    throw new UserError(
      `test images of ${test.subject} must have the shape of the training images, ${shape!.join(' x ')}, got ${other!.join(' x ')}`,
    );
  }
  return shape!;
}

/** Labels are numbered from the smallest on: those of EMNIST's letters begin at 1. */
function labelsOf(
  train: SplitSource,
  test: SplitSource,
): { train: Uint8Array; test: Uint8Array; classes: number } {
  const all = [train, test].map((source) => {
    const labels = source.readLabels();
    if (labels.length !== source.shape[0]) {
      throw new UserError(
        `labels of ${source.subject} must be ${source.shape[0]}, one an image, got ${labels.length}`,
      );
    }
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i]!;
      if (!Number.isInteger(label) || label < 0 || label > LARGEST_LABEL) {
        throw new UserError(
          `label ${i} of ${source.subject} must be a whole number from 0 to ${LARGEST_LABEL}, got ${label}`,
        );
      }
    }
    return labels;
  });
  let [smallest, largest] = [LARGEST_LABEL, 0];
  for (const labels of all) {
    for (let i = 0; i < labels.length; i++) {
      smallest = Math.min(smallest, labels[i]!);
      largest = Math.max(largest, labels[i]!);
    }
  }
  const classes = largest - smallest + 1;
  if (classes < 2) throw new UserError(`labels of ${train.subject} must be of at least 2 classes, got 1`);
  const [trainLabels, testLabels] = all.map((labels) =>
    Uint8Array.from({ length: labels.length }, (_, i) => labels[i]! - smallest),
  );
  return { train: trainLabels!, test: testLabels!, classes };
}
