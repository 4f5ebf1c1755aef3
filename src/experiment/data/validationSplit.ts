import { permutation, randomStream } from '../../base/random/stream.ts';

/**
 * Returns which of `images` training images are trained on and which `heldOut` are held out, by index, in rising order. Equal seeds
 * give equal splits.
 */
export function validationSplit(
  images: number,
  heldOut: number,
  seed: number,
): { trained: Int32Array; heldOut: Int32Array } {
  if (heldOut === 0) {
    return { trained: Int32Array.from({ length: images }, (_, i) => i), heldOut: new Int32Array(0) };
  }
  const order = permutation(randomStream(seed, 'validation'), images);
  return { trained: order.slice(heldOut).sort(), heldOut: order.slice(0, heldOut).sort() };
}
