import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/userError.ts';
import { gunzipIfPacked, readIdx } from '../../../src/experiment/data/idx.ts';
import { loadMnist, MNIST_FILES, mnistFolder } from '../../../src/experiment/data/mnist.ts';

const ALL = { trainImages: null, testImages: null };

describe('loadMnist', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mnist-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const labels = join(folder, MNIST_FILES.test.labels.name);
  beforeAll(() => {
    for (const split of [MNIST_FILES.train, MNIST_FILES.test]) {
      for (const { name } of [split.images, split.labels]) {
        copyFileSync(join(mnistFolder(), name), join(folder, name));
      }
    }
  });

  it('gives the known data set', () => {
    const { train, test, shape, classes } = loadMnist(mnistFolder(), ALL);
    expect({ shape, classes }).toEqual({ shape: [28, 28, 1], classes: 10 });
    expect([...train.labels.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect([...test.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
    expect(train.images.length).toBe(60_000 * 784);
    const mean = train.images.reduce((sum, byte) => sum + byte, 0) / train.images.length / 255;
    expect(mean).toBeCloseTo(0.1307, 4);
  });

  it('takes the first images and keeps the checksum of the whole', () => {
    const whole = loadMnist(mnistFolder(), ALL);
    const part = loadMnist(mnistFolder(), { trainImages: 3, testImages: 2 });
    expect(part.train.images).toEqual(whole.train.images.subarray(0, 3 * 784));
    expect(part.test).toMatchObject({ count: 2 });
    expect(part.checksum).toBe(whole.checksum);
    expect(() => loadMnist(mnistFolder(), { trainImages: null, testImages: 10_001 })).toThrow(
      'testImages must be at most 10000, got 10001',
    );
  });

  it('refuses a changed byte', () => {
    const bytes = readFileSync(labels);
    bytes[100]! ^= 1;
    writeFileSync(labels, bytes);
    expect(() => loadMnist(folder, ALL)).toThrow(/t10k-labels-idx1-ubyte: SHA-256 must be ff7bcfd4/);
  });

  it('refuses a truncated file', () => {
    truncateSync(labels, 5000);
    expect(() => loadMnist(folder, ALL)).toThrow(
      /must have 10008 bytes, got 5000 \(cut off at offset 5000\)/,
    );
  });

  it('reads a gzipped file, names a missing one', () => {
    rmSync(labels);
    expect(() => loadMnist(folder, ALL)).toThrow(/must exist, plain or as \.gz/);
    writeFileSync(`${labels}.gz`, gzipSync(readFileSync(join(mnistFolder(), MNIST_FILES.test.labels.name))));
    expect(loadMnist(folder, ALL).checksum).toBe(loadMnist(mnistFolder(), ALL).checksum);
  });
});

describe('readIdx', () => {
  const good = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6);

  it('gives the values', () => {
    expect([...readIdx('a', good, [2, 3])]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each<[string, Uint8Array, readonly number[], string]>([
    ['a cut header', good.subarray(0, 7), [2, 3], 'a: the IDX header must have 12 bytes, got 7'],
    ['other dimensions', good, [2], 'magic number at offset 0 must be 0x00000801'],
    ['another count', good, [4, 3], 'a: dimension 0 at offset 4 must be 4, got 2'],
    ['a cut value', good.subarray(0, 17), [2, 3], 'a must have 18 bytes, got 17 (cut off at offset 17)'],
    ['a byte too many', Uint8Array.of(...good, 0), [2, 3], 'a must have 18 bytes, got 19'],
  ])('refuses %s', (_, bytes, shape, message) => {
    expect(() => readIdx('a', bytes, shape)).toThrow(UserError);
    expect(() => readIdx('a', bytes, shape)).toThrow(message);
  });

  it('refuses a cut-off gzip file', () => {
    const packed = gzipSync(good);
    expect(() => gunzipIfPacked('a', packed.subarray(0, packed.length - 6))).toThrow(
      /a must be a whole gzip file/,
    );
  });
});
