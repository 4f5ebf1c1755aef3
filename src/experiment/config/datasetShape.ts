import type { RunConfig } from './schema.ts';

export interface DatasetShape {
  /** Height, width, channels of an image as the network gets it. */
  inputShape: readonly [number, number, number];
  classes: number;
  trainImages: number;
  testImages: number;
}

/** What a plan needs to know of a data set before it is read. CIFAR-10 images are cropped to 28x28, as the authors did. */
export const DATASET_SHAPES: Record<RunConfig['dataset'], DatasetShape> = {
  mnist: { inputShape: [28, 28, 1], classes: 10, trainImages: 60_000, testImages: 10_000 },
  cifar10: { inputShape: [28, 28, 3], classes: 10, trainImages: 50_000, testImages: 10_000 },
};
