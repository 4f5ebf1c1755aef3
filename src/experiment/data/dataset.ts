import type { Preprocessing } from './datasets.ts';

/** Images as bytes, image by image in rows of pixels of channels (NHWC), and one label byte an image. */
export interface Split {
  images: Uint8Array;
  labels: Uint8Array;
  count: number;
}

export interface Dataset {
  /** Its name, or the path of its files. */
  name: string;
  /** Height, width and channels of an image. */
  shape: readonly [number, number, number];
  classes: number;
  preprocessing: Preprocessing;
  train: Split;
  test: Split;
  /** Of the whole data set (see datasetChecksum), however few of its images are loaded. */
  checksum: string;
}

/** How many images to take of each split, from the first on; null: all. */
export interface DatasetLimits {
  trainImages: number | null;
  testImages: number | null;
}
