/**
 * How the bytes of an image become what a network is fed; the training graph does it. `unitScale`: bytes / 255, as the authors'
 * LeNet5 notebook. `perImageStandardization`: bytes / 255, then each image (x - mean) / max(sd, 1 / sqrt(values)), as their RMT_Util.
 */
export type Preprocessing = 'unitScale' | 'perImageStandardization';

/** What is known of a data set before it is read. */
export interface DatasetFacts {
  /** Height, width, channels of an image as the network gets it. */
  inputShape: readonly [number, number, number];
  classes: number;
  trainImages: number;
  testImages: number;
  preprocessing: Preprocessing;
}

/**
 * The data sets, by the name a config calls them. CIFAR-10 images are cropped to 28x28, as the authors did; those of CIFAR-100, which
 * they did not use, are whole.
 */
export const DATASETS = {
  mnist: {
    inputShape: [28, 28, 1],
    classes: 10,
    trainImages: 60_000,
    testImages: 10_000,
    preprocessing: 'unitScale',
  },
  fashionMnist: {
    inputShape: [28, 28, 1],
    classes: 10,
    trainImages: 60_000,
    testImages: 10_000,
    preprocessing: 'unitScale',
  },
  cifar10: {
    inputShape: [28, 28, 3],
    classes: 10,
    trainImages: 50_000,
    testImages: 10_000,
    preprocessing: 'perImageStandardization',
  },
  cifar100: {
    inputShape: [32, 32, 3],
    classes: 100,
    trainImages: 50_000,
    testImages: 10_000,
    preprocessing: 'perImageStandardization',
  },
} as const satisfies Readonly<Record<string, DatasetFacts>>;

export type DatasetName = keyof typeof DATASETS;
export const DATASET_NAMES = Object.keys(DATASETS) as DatasetName[];

/** What is a path and no name: it has a separator, or ends as a file of arrays. */
export const DATASET_PATH = /[/\\]|\.(npz|safetensors)$/;

/** Returns whether a data set is one of those that have a name. */
export function isNamed(dataset: string): dataset is DatasetName {
  return Object.hasOwn(DATASETS, dataset);
}
