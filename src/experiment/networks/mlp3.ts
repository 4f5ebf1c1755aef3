import type { NetworkDeclaration } from './network.ts';

/**
 * MLP3 for 28x28x3 crops of CIFAR-10, as in the authors' MLP3 notebook. 1,735,178 weights.
 * The paper's FC1 and FC2 are the second and third dense layer, both 512x512; the 2352x512 one, here `fc0`, it never analyzes.
 */
export const mlp3: NetworkDeclaration = {
  layers: [
    { type: 'flatten' },
    { type: 'dense', name: 'fc0', units: 512, activation: 'relu' },
    { type: 'dense', name: 'fc1', units: 512, activation: 'relu' },
    { type: 'dense', name: 'fc2', units: 512, activation: 'relu' },
    { type: 'dense', name: 'fc3', units: 10, activation: 'linear' },
  ],
  initializer: 'glorotNormalTruncated',
  bias: 0.1,
  analyzedLayers: ['fc1', 'fc2'],
};
