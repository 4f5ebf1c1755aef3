import type { Spectrum } from './spectrum.ts';
import { sum } from './sum.ts';

/** WeightWatcher's detX condition: the tail whose eigenvalues, rescaled to mean 1, have a product of 1. */
export interface DetX {
  /** Eigenvalues of that tail (WeightWatcher's detX_num and num_ERG_spikes). */
  count: number;
  /** Smallest of them, not rescaled. */
  value: number;
}

/**
 * Returns the tail of a spectrum at which the determinant of the rescaled tail first falls below 1, taking eigenvalues
 * from the largest down; all but the smallest where it never does; null for fewer than two eigenvalues or for all equal ones. The product is
 * 0 with the first eigenvalue that counts as 0.
 */
export function detX({ eigenvalues: evals, zero }: Spectrum): DetX | null {
  const n = evals.length;
  if (n < 2 || evals[0] === evals[n - 1]) return null;
  const mean = sum(evals) / n;
  // Sums of logarithms: the product of a long tail overflows.
  let logProduct = 0;
  for (let i = n - 1; i >= 1; i--) {
    logProduct += evals[i]! > zero ? Math.log(evals[i]! / mean) : Number.NEGATIVE_INFINITY;
    if (logProduct < 0) return { count: n - i, value: evals[i]! };
  }
  return { count: n, value: evals[0]! };
}
