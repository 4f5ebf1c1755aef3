import { UserError } from '../../base/userError.ts';
import { DATASETS } from './datasets.ts';

/** Sides and channels of an image as stored: planes of red, green and blue, each in rows. */
export const CIFAR_SIDE = 32;
export const CIFAR_CHANNELS = 3;
export const CIFAR_CLASSES = DATASETS.cifar10.classes;
const PLANE = CIFAR_SIDE * CIFAR_SIDE;
/** Bytes a record of the binary layout takes: the label, then the three planes. */
export const RECORD_BYTES = 1 + CIFAR_CHANNELS * PLANE;
/** Records in each of the six files. */
export const FILE_RECORDS = 10_000;
export const TRAIN_FILES = [1, 2, 3, 4, 5].map((n) => `data_batch_${n}.bin`);
export const TEST_FILE = 'test_batch.bin';
export const CIFAR_FILES: readonly string[] = [...TRAIN_FILES, TEST_FILE];

/** MD5 of the files in the official archive, as other loaders of the data set pin them. */
export const OFFICIAL_MD5: Readonly<Record<string, string>> = {
  'data_batch_1.bin': '5dd7e06a14cb22eb9f671a540d1b7c25',
  'data_batch_2.bin': '5ea93a67294ea407fff1d09f752e9692',
  'data_batch_3.bin': '942cd6a4bcdd0dd3c604fbe906cb4421',
  'data_batch_4.bin': 'ae636b3ba5c66a11e91e8cb52e771fcb',
  'data_batch_5.bin': '53f37980c15c3d472c316c40844f3f0d',
  'test_batch.bin': '803d5f7f4d78ea53de84dbe85f74fb6d',
};

/** The authors' networks see rows and columns 2..29 of each image. */
const CROP_START = 2;
export const CROP_SIDE = DATASETS.cifar10.inputShape[0];

/** Throws a UserError with file and record unless `bytes` are 10,000 whole records with labels 0..9. */
export function checkRecords(path: string, bytes: Uint8Array): void {
  const expected = FILE_RECORDS * RECORD_BYTES;
  if (bytes.length !== expected) {
    const record = Math.floor(bytes.length / RECORD_BYTES);
    throw new UserError(
      `${path} must have ${FILE_RECORDS} records of ${RECORD_BYTES} bytes (${expected}), got ${bytes.length}: record ${record} is ${bytes.length < expected ? 'cut off or missing' : 'too many'}`,
    );
  }
  for (let record = 0; record < FILE_RECORDS; record++) {
    const label = bytes[record * RECORD_BYTES]!;
    if (label >= CIFAR_CLASSES) {
      throw new UserError(
        `${path}: label of record ${record} at offset ${record * RECORD_BYTES} must be in 0..${CIFAR_CLASSES - 1}, got ${label}`,
      );
    }
  }
}

/**
 * Puts the centre crop of each record of one file into `images` (NHWC, 28 x 28 x 3) and its label into `labels`, from image `first` on;
 * `count` records are taken.
 */
export function cropRecords(
  bytes: Uint8Array,
  images: Uint8Array,
  labels: Uint8Array,
  first: number,
  count: number,
): void {
  let out = first * CROP_SIDE * CROP_SIDE * CIFAR_CHANNELS;
  for (let record = 0; record < count; record++) {
    const start = record * RECORD_BYTES;
    labels[first + record] = bytes[start]!;
    for (let row = CROP_START; row < CROP_START + CROP_SIDE; row++) {
      let pixel = start + 1 + row * CIFAR_SIDE + CROP_START;
      for (let column = 0; column < CROP_SIDE; column++, pixel++) {
        images[out++] = bytes[pixel]!;
        images[out++] = bytes[pixel + PLANE]!;
        images[out++] = bytes[pixel + 2 * PLANE]!;
      }
    }
  }
}
