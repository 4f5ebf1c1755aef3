import { permutation, randomStream } from '../../base/random/stream.ts';

/** Returns how many of so many training images a share of them is. */
export const heldOutCount = (images: number, validation: number): number => Math.round(validation * images);

/**
 * Returns which of `images` training images are trained on and which are held out, a share of `validation`, by index, in rising order.
 * Equal seeds give equal splits.
 */
export function validationSplit(
  images: number,
  { validation, seed }: { validation: number; seed: number },
): { trained: Int32Array; heldOut: Int32Array } {
  const heldOut = heldOutCount(images, validation);
  if (heldOut === 0) {
    return { trained: Int32Array.from({ length: images }, (_, i) => i), heldOut: new Int32Array(0) };
  }
  const order = permutation(randomStream(seed, 'validation'), images);
  return { trained: order.slice(heldOut).sort(), heldOut: order.slice(0, heldOut).sort() };
}
