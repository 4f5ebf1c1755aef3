import type { DatasetName } from './dataset.ts';

/**
 * How the bytes of each data set become what a network is fed; the training graph does it. `unitScale`: bytes / 255, as the authors'
 * LeNet5 notebook. `perImageStandardization`: bytes / 255, then each image (x - mean) / max(sd, 1 / sqrt(values)), as their RMT_Util.
 */
export const PREPROCESSING: Record<DatasetName, 'unitScale' | 'perImageStandardization'> = {
  mnist: 'unitScale',
  cifar10: 'perImageStandardization',
};
