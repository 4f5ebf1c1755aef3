import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Tensor, writeSafetensors } from '../../../src/base/safetensors/safetensors.ts';
import { sha256 } from '../../../src/base/sha256.ts';
import { datasetFacts, splitSizes } from '../../../src/experiment/data/datasetFacts.ts';
import { loadDataset } from '../../../src/experiment/data/loadDataset.ts';
import { validationSplit } from '../../../src/experiment/data/validationSplit.ts';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'own-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const ALL = { trainImages: null, testImages: null };
const counted = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (7 * i) % 251);

function idx(shape: readonly number[], values: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x0800 | shape.length);
  for (const [i, side] of shape.entries()) header.writeUInt32BE(side, 4 + 4 * i);
  return Buffer.concat([header, values]);
}

function npy(descr: string, shape: readonly number[], bytes: Uint8Array): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const padded = text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11, ' ');
  const header = Buffer.alloc(10);
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(padded.length + 1, 8);
  return Buffer.concat([header, Buffer.from(`${padded}\n`), bytes]);
}

const images = { train: counted(6 * 4 * 5), test: counted(2 * 4 * 5).reverse() };
const labels = { train: [3, 1, 2, 3, 1, 2], test: [2, 3] };

function write(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

function writeIdx(names: { train: string; test: string }, packed: boolean): void {
  for (const split of ['train', 'test'] as const) {
    const count = labels[split].length;
    const put = (name: string, bytes: Buffer): void =>
      write(join(folder, packed ? `${name}.gz` : name), packed ? gzipSync(bytes) : bytes);
    put(`${names[split]}-images-idx3-ubyte`, idx([count, 4, 5], images[split]));
    put(`${names[split]}-labels-idx1-ubyte`, idx([count], Uint8Array.from(labels[split])));
  }
}

function expectOwn(path: string): void {
  const data = loadDataset(path, ALL);
  expect(data).toMatchObject({ shape: [4, 5, 1], classes: 3, preprocessing: 'unitScale' });
  expect([...data.train.labels]).toEqual([2, 0, 1, 2, 0, 1]); // numbered from the smallest label on
  expect([...data.test.labels]).toEqual([1, 2]);
  expect([...data.train.images]).toEqual([...images.train]);
  expect([...data.test.images]).toEqual([...images.test]);
  expect(datasetFacts(path)).toEqual({
    inputShape: [4, 5, 1],
    classes: 3,
    trainImages: 6,
    testImages: 2,
    preprocessing: 'unitScale',
  });
}

it.each([
  ['of MNIST', { train: 'train', test: 't10k' }, false],
  ['of EMNIST, gzipped', { train: 'emnist-letters-train', test: 'emnist-letters-test' }, true],
])('reads IDX files with the names %s', (_, names, packed) => {
  writeIdx(names, packed);
  expectOwn(folder);
});

it('reads an .npz with the names of Keras, labels as int64', () => {
  const int64 = (values: readonly number[]): Uint8Array =>
    new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  const path = join(folder, 'digits.npz');
  write(
    path,
    zipSync({
      'x_train.npy': npy('|u1', [6, 4, 5], images.train),
      'y_train.npy': npy('<i8', [6], int64(labels.train)),
      'x_test.npy': npy('|u1', [2, 4, 5], images.test),
      'y_test.npy': npy('<i8', [2], int64(labels.test)),
    }),
  );
  expectOwn(path);
});

it('reads train and test as safetensors, with an axis of one channel and one of one label', () => {
  for (const split of ['train', 'test'] as const) {
    const count = labels[split].length;
    const tensors = new Map<string, Tensor>([
      ['images', { dtype: 'U8', shape: [count, 4, 5, 1], data: images[split] }],
      ['labels', { dtype: 'I32', shape: [count, 1], data: Int32Array.from(labels[split]) }],
    ]);
    writeSafetensors(join(folder, `${split}.safetensors`), tensors);
  }
  expectOwn(folder);
});

it('standardizes coloured images', () => {
  const path = join(folder, 'a.safetensors');
  const tensors = new Map<string, Tensor>(
    (['train', 'test'] as const).flatMap((split): [string, Tensor][] => [
      [`${split}_images`, { dtype: 'U8', shape: [2, 2, 2, 3], data: counted(24) }],
      [`${split}_labels`, { dtype: 'U8', shape: [2], data: Uint8Array.of(0, 1) }],
    ]),
  );
  writeSafetensors(path, tensors);
  expect(loadDataset(path, ALL)).toMatchObject({
    shape: [2, 2, 3],
    preprocessing: 'perImageStandardization',
  });
});

it('has the checksum of its files', () => {
  writeIdx({ train: 'train', test: 't10k' }, false);
  const before = loadDataset(folder, ALL).checksum;
  const digests = ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'].map(
    (name, i) => {
      const split = i < 2 ? 'train' : 'test';
      const count = labels[split].length;
      const shape = i % 2 === 0 ? [count, 4, 5] : [count];
      const values = i % 2 === 0 ? images[split] : Uint8Array.from(labels[split]);
      return { name, digest: sha256(idx(shape, values)) };
    },
  );
  expect(before).toBe(sha256(digests.map(({ digest }) => `${digest}\n`).join('')));
});

it.each<[string, (at: string) => void, RegExp]>([
  ['nothing there', (at) => rmSync(at, { recursive: true }), /must be there, got nothing at/],
  ['no known files', (at) => write(join(at, 'readme'), Buffer.of(1)), /must hold IDX files .*, got readme/],
  [
    'no test labels',
    (at) => {
      writeIdx({ train: 'train', test: 't10k' }, false);
      rmSync(join(at, 't10k-labels-idx1-ubyte'));
    },
    /must have one IDX file of the test labels, got none/,
  ],
  [
    'fewer labels than images',
    (at) => {
      writeIdx({ train: 'train', test: 't10k' }, false);
      write(join(at, 'train-labels-idx1-ubyte'), idx([5], new Uint8Array(5)));
    },
    /train-labels-idx1-ubyte: dimension 0 at offset 4 must be 6, got 5/,
  ],
  [
    'images of another shape to test on',
    (at) => {
      writeIdx({ train: 'train', test: 't10k' }, false);
      write(join(at, 't10k-images-idx3-ubyte'), idx([2, 5, 4], images.test));
    },
    /must have the shape of the training images, 4 x 5 x 1, got 5 x 4 x 1/,
  ],
  [
    'one class',
    (at) => {
      writeIdx({ train: 'train', test: 't10k' }, false);
      write(join(at, 'train-labels-idx1-ubyte'), idx([6], new Uint8Array(6).fill(4)));
      write(join(at, 't10k-labels-idx1-ubyte'), idx([2], new Uint8Array(2).fill(4)));
    },
    /must be of at least 2 classes, got 1/,
  ],
])('refuses a folder with %s', (_, spoil, message) => {
  spoil(folder);
  expect(() => loadDataset(folder, ALL)).toThrow(message);
  mkdirSync(folder, { recursive: true });
});

it('refuses arrays of other numbers, by file and array', () => {
  const path = join(folder, 'floats.npz');
  const floats = new Uint8Array(Float32Array.from(images.train, (x) => x / 255).buffer);
  write(
    path,
    zipSync({ 'x_train.npy': npy('<f4', [6, 4, 5], floats), 'y_train.npy': npy('|u1', [6], counted(6)) }),
  );
  expect(() => loadDataset(path, ALL)).toThrow(/floats.npz: array x_train must be of bytes .*, got float32/);
});

it.each(['|O', '|b1', '<u4', '<u8', '<U1', '<c16'])('refuses labels of %s, by file and array', (descr) => {
  const path = join(folder, 'labels.npz');
  const bytes = new Uint8Array(6 * (Number(descr.slice(2)) || 8));
  write(
    path,
    zipSync({ 'x_train.npy': npy('|u1', [6, 4, 5], images.train), 'y_train.npy': npy(descr, [6], bytes) }),
  );
  expect(() => loadDataset(path, ALL)).toThrow(/labels.npz: array y_train must be of .*int64, got/);
});

it('takes the path of a data set relative to the config, which refuses what does not fit it', () => {
  writeIdx({ train: 'train', test: 't10k' }, false);
  const config = join(folder, 'configs', 'own.yaml');
  const network =
    '{ layers: [{ type: flatten }, { type: dense, name: a, units: 4 }, { type: dense, name: b, units: 3 }] }';
  write(config, Buffer.from(`dataset: ../.\nnetwork: ${network}\nbatchSize: 2\nvalidation: 0.34\n`));
  const { runs } = loadExperiment(config);
  expect(runs[0]!.config.dataset).toBe(folder);
  expect(splitSizes(runs[0]!.config)).toEqual({ trained: 4, heldOut: 2 });
  expect(() => loadExperiment(config, { set: ['batchSize=5'] })).toThrow(
    'batchSize must be at most 4, the training images, got 5',
  );
  expect(() => loadExperiment(config, { set: ['validation=0.01'] })).toThrow(
    'validation must hold out at least one of 6 training images',
  );
  expect(() => loadExperiment(config, { set: ['dataset=./nowhere'] })).toThrow(
    /dataset must be there, got nothing at/,
  );
  expect(() => loadExperiment(config, { set: ['dataset=mnits'] })).toThrow(/did you mean mnist\?/);
});

it('holds out the same images for the same seed, each image being trained on or held out', () => {
  const { trained, heldOut } = validationSplit(60, { validation: 0.1, seed: 3 });
  expect([trained.length, heldOut.length]).toEqual([54, 6]);
  expect([...trained, ...heldOut].sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i));
  expect(validationSplit(60, { validation: 0.1, seed: 3 }).heldOut).toEqual(heldOut);
  expect(validationSplit(60, { validation: 0.1, seed: 4 }).heldOut).not.toEqual(heldOut);
});

it("takes a folder of CIFAR-100's binary layout by its path, with the fine labels", () => {
  const record = 2 + 3 * 32 * 32;
  for (const [name, count] of [
    ['train.bin', 50_000],
    ['test.bin', 10_000],
  ] as const) {
    const bytes = new Uint8Array(count * record);
    for (let i = 0; i < count; i++) bytes.set([i % 20, i % 100, i % 251], i * record);
    writeFileSync(join(folder, name), bytes);
  }
  expect(datasetFacts(folder)).toMatchObject({
    inputShape: [32, 32, 3],
    classes: 100,
    trainImages: 50_000,
    testImages: 10_000,
  });
  const data = loadDataset(folder, { trainImages: 300, testImages: 2 });
  expect(data).toMatchObject({ name: folder, classes: 100, preprocessing: 'perImageStandardization' });
  expect([...data.train.labels].slice(98, 102)).toEqual([98, 99, 0, 1]);
  // The first value of the red plane of image 7 is the first of its first pixel.
  expect([...data.train.images.subarray(7 * 3072, 7 * 3072 + 3)]).toEqual([7, 0, 0]);
  writeFileSync(join(folder, 'test.bin'), new Uint8Array(10 * record));
  expect(() => loadDataset(folder, ALL)).toThrow(
    `${join(folder, 'test.bin')} must have 10000 records of 3074 bytes (30740000), got 30740`,
  );
});
