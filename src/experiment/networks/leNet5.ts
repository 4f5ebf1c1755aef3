import type { NetworkDeclaration } from './network.ts';

/** LeNet5 for 28x28x1 images, as in the authors' LeNet5 notebook: Keras defaults, no dropout. 1,256,080 weights. */
export const leNet5: NetworkDeclaration = {
  layers: [
    { type: 'conv', name: 'conv1', filters: 20, kernel: 5, stride: 1, padding: 'same', activation: 'relu' },
    { type: 'maxPool', size: 2, stride: 2, padding: 'valid' },
    { type: 'conv', name: 'conv2', filters: 50, kernel: 5, stride: 1, padding: 'same', activation: 'relu' },
    { type: 'maxPool', size: 2, stride: 2, padding: 'valid' },
    { type: 'flatten' },
    { type: 'dense', name: 'fc1', units: 500, activation: 'relu' },
    { type: 'dense', name: 'fc2', units: 10, activation: 'linear' },
  ],
  initializer: 'glorotUniform',
  bias: 0,
  analyzedLayers: ['fc1'],
};
