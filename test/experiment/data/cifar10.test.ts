import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/userError.ts';
import { loadCifar10 } from '../../../src/experiment/data/cifar10.ts';
import {
  CIFAR_FILES,
  cropRecords,
  FILE_RECORDS,
  RECORD_BYTES,
} from '../../../src/experiment/data/cifar10Records.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar-'));
afterAll(() => rmSync(folder, { recursive: true }));

function putByte(name: string, offset: number, value: number): void {
  const fd = openSync(join(folder, name), 'r+');
  writeSync(fd, Uint8Array.of(value), 0, 1, offset);
  closeSync(fd);
}

beforeAll(() => {
  CIFAR_FILES.forEach((name, index) => {
    const fd = openSync(join(folder, name), 'w');
    ftruncateSync(fd, FILE_RECORDS * RECORD_BYTES);
    closeSync(fd);
    putByte(name, 0, index + 1); // label of the first image
  });
});

describe('cropRecords', () => {
  it('takes rows and columns 2..29 of the three planes, channels last', () => {
    // A byte cannot hold row, column and channel at once: one record tells rows, one columns, each with its channel.
    const records = new Uint8Array(2 * RECORD_BYTES);
    for (let channel = 0; channel < 3; channel++) {
      for (let row = 0; row < 32; row++) {
        for (let column = 0; column < 32; column++) {
          const at = 1 + channel * 1024 + row * 32 + column;
          records[at] = 64 * channel + row;
          records[RECORD_BYTES + at] = 64 * channel + column;
        }
      }
    }
    records[0] = 7;
    const images = new Uint8Array(2 * 2352);
    const labels = new Uint8Array(2);
    cropRecords(records, images, labels, 0, 2);
    expect([...labels]).toEqual([7, 0]);
    for (let i = 0; i < 2352; i++) {
      const channel = i % 3;
      const column = Math.floor(i / 3) % 28;
      const row = Math.floor(i / 84);
      expect(images[i]).toBe(64 * channel + row + 2);
      expect(images[2352 + i]).toBe(64 * channel + column + 2);
    }
  });
});

describe('loadCifar10', () => {
  it('puts the files one after the other', () => {
    const { train, test, shape, checksum } = loadCifar10(folder, { trainImages: 20_001, testImages: null });
    expect(shape).toEqual([28, 28, 3]);
    expect(train.images.length).toBe(20_001 * 2352);
    expect([0, 10_000, 20_000].map((i) => train.labels[i])).toEqual([1, 2, 3]);
    expect([test.count, test.labels[0]]).toEqual([10_000, 6]);
    expect(loadCifar10(folder, { trainImages: 1, testImages: 1 }).checksum).toBe(checksum);
  });

  it('refuses more images than there are', () => {
    expect(() => loadCifar10(folder, { trainImages: 50_001, testImages: null })).toThrow(
      'trainImages must be at most 50000, got 50001',
    );
  });

  it('names the record of a label out of range', () => {
    putByte('data_batch_3.bin', 17 * RECORD_BYTES, 10);
    const load = (): unknown => loadCifar10(folder, { trainImages: null, testImages: null });
    expect(load).toThrow(UserError);
    expect(load).toThrow(/data_batch_3\.bin: label of record 17 at offset 52241 must be in 0\.\.9, got 10/);
  });

  it('names the record at which a file is cut off', () => {
    truncateSync(join(folder, 'data_batch_1.bin'), 5 * RECORD_BYTES + 100);
    expect(() => loadCifar10(folder, { trainImages: 1, testImages: 1 })).toThrow(
      /data_batch_1\.bin must have 10000 records .*: record 5 is cut off or missing/,
    );
  });

  it('names missing files and the remedy', () => {
    rmSync(join(folder, 'test_batch.bin'));
    try {
      loadCifar10(folder, { trainImages: 1, testImages: 1 });
      expect.unreachable();
    } catch (error) {
      expect((error as UserError).message).toMatch(/got no test_batch\.bin$/);
      expect((error as UserError).remedy).toMatch(/data fetch cifar10/);
    }
  });
});
