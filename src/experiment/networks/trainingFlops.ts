import type { Network } from './network.ts';

/**
 * Returns the floating-point operations that the products of matrices of one training step need for one image: a multiply and an
 * add count as two. A weight layer takes part three times (forward, gradient of the weights, gradient of the input), the first one
 * twice, because nothing needs the gradient of the images.
 */
export function trainingFlopsPerImage(network: Network): number {
  let flops = 0;
  let passes = 2;
  network.layers.forEach((layer, index) => {
    const { input, output } = network.shapes[index]!;
    if (layer.type === 'conv') {
      const [height, width] = output;
      const taps = (layer.kernel ** 2 * input[2]!) / (layer.groups ?? 1);
      flops += passes * 2 * taps * layer.filters * height! * width!;
    } else if (layer.type === 'dense') {
      flops += passes * 2 * input[0]! * layer.units;
    } else {
      return;
    }
    passes = 3;
  });
  return flops;
}
