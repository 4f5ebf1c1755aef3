import { permutation, randomStream } from '../../base/random/stream.ts';

/**
 * Returns a copy of `labels` in which `share` (0..1, rounded to whole labels) of them, drawn without replacement, are replaced by ones
 * drawn uniformly from all `classes`; a drawn label may be the old one, as in Zhang et al. (2017). Equal seeds give equal labels.
 */
export function randomizeLabels(
  labels: Uint8Array,
  classes: number,
  share: number,
  seed: number,
): Uint8Array<ArrayBuffer> {
  const randomized = Uint8Array.from(labels);
  const count = Math.round(share * labels.length);
  if (count === 0) return randomized;
  const stream = randomStream(seed, 'randomLabels');
  for (const index of permutation(stream, labels.length).subarray(0, count)) {
    randomized[index] = stream.below(classes);
  }
  return randomized;
}
