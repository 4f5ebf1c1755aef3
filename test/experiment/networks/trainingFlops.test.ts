import { describe, expect, it } from 'vitest';
import { resolveNetwork } from '../../../src/experiment/networks/resolveNetwork.ts';
import { trainingFlopsPerImage } from '../../../src/experiment/networks/trainingFlops.ts';

describe('trainingFlopsPerImage', () => {
  // A dense layer multiplies and adds once a weight and pass, a convolution once a weight, output position and pass.
  it('counts MLP3 by its weights', () => {
    const first = 2352 * 512;
    const later = 512 * 512 + 512 * 512 + 512 * 10;
    expect(trainingFlopsPerImage(resolveNetwork('mlp3', [28, 28, 3], 10))).toBe(2 * (2 * first + 3 * later));
  });

  it('counts MiniAlexNet by its weights and output positions', () => {
    const conv1 = 5 * 5 * 3 * 96 * 28 * 28;
    const conv2 = 5 * 5 * 96 * 256 * 10 * 10;
    const dense = 4096 * 384 + 384 * 192 + 192 * 10;
    expect(trainingFlopsPerImage(resolveNetwork('miniAlexNet', [28, 28, 3], 10))).toBe(
      2 * (2 * conv1 + 3 * (conv2 + dense)),
    );
  });

  it('counts the strides of a convolution', () => {
    const network = (stride: number) =>
      resolveNetwork(
        {
          layers: [
            {
              type: 'conv',
              name: 'c',
              filters: 4,
              kernel: 3,
              stride,
              padding: 'same',
              groups: 1,
              activation: 'relu',
            },
            { type: 'flatten' },
            { type: 'dense', name: 'd', units: 10, activation: 'linear' },
          ],
          initializer: 'glorotUniform',
          scale: 1,
          bias: 0,
        },
        [8, 8, 1],
        10,
      );
    const conv = 3 * 3 * 4;
    expect(trainingFlopsPerImage(network(1))).toBe(2 * (2 * conv * 64 + 3 * 256 * 10));
    expect(trainingFlopsPerImage(network(2))).toBe(2 * (2 * conv * 16 + 3 * 64 * 10));
  });
});
