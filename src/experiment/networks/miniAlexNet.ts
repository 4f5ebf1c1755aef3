import type { Layer, NetworkDeclaration } from './network.ts';

const convolutions: readonly Layer[] = [
  { type: 'conv', name: 'conv1', filters: 96, kernel: 5, stride: 1, padding: 'same', activation: 'relu' },
  { type: 'maxPool', size: 3, stride: 3, padding: 'same' },
  { type: 'batchNorm', name: 'bn1' },
  { type: 'conv', name: 'conv2', filters: 256, kernel: 5, stride: 1, padding: 'same', activation: 'relu' },
  { type: 'maxPool', size: 3, stride: 3, padding: 'same' },
  { type: 'batchNorm', name: 'bn2' },
  { type: 'flatten' },
];
const fc1: Layer = { type: 'dense', name: 'fc1', units: 384, activation: 'relu' };
const fc2: Layer = { type: 'dense', name: 'fc2', units: 192, activation: 'relu' };
const fc3: Layer = { type: 'dense', name: 'fc3', units: 10, activation: 'linear' };

const initialization = {
  initializer: 'glorotNormalTruncated', // Keras 2.1.5 / 2.2.2: cut at 2 sd, the variance not corrected
  bias: 0.1,
  analyzedLayers: ['fc1', 'fc2'],
} as const;

/** MiniAlexNet for 28x28x3 crops of CIFAR-10, as in the authors' RMT_Util notebook. 2,272,458 weights. */
export const miniAlexNet: NetworkDeclaration = {
  layers: [...convolutions, fc1, fc2, fc3],
  ...initialization,
};

/** MiniAlexNet with batch norm after FC1 and FC2 too, the variant the authors' dropout notebook analyzes. */
export const miniAlexNetBatchNorm: NetworkDeclaration = {
  layers: [
    ...convolutions,
    fc1,
    { type: 'batchNorm', name: 'bn3' },
    fc2,
    { type: 'batchNorm', name: 'bn4' },
    fc3,
  ],
  ...initialization,
};
