/**
 * What neighbouring eigenvalues do: those of random matrices repel each other, those of independent sources do not. Mean ratio of
 * neighbouring spacings: 0.5307 for real symmetric noise (GOE), 2 ln 2 - 1 = 0.3863 for independent values (Poisson). Oganesyan and Huse,
 * Phys. Rev. B 75 (2007) 155111; Atas, Bogomolny, Giraud and Roux, Phys. Rev. Lett. 110 (2013) 084101.
 */

/** A mean over fewer ratios says nothing: that of 8 has a standard error of 0.1. */
const FEWEST_RATIOS = 8;

/** Returns the mean of min(s, s') / max(s, s') over neighbouring spacings of ascending values; null for fewer than 8 ratios, or equal values. */
export function meanSpacingRatio(values: ArrayLike<number>): number | null {
  const ratios = values.length - 2;
  if (ratios < FEWEST_RATIOS) return null;
  let total = 0;
  for (let i = 0; i < ratios; i++) {
    const before = values[i + 1]! - values[i]!;
    const after = values[i + 2]! - values[i + 1]!;
    if (!(Math.max(before, after) > 0)) return null;
    total += Math.min(before, after) / Math.max(before, after);
  }
  return total / ratios;
}

/** Kolmogorov-Smirnov distances of spacings of mean 1. */
export interface SpacingDistances {
  /** To Wigner's surmise for real symmetric noise, 1 - exp(-pi s^2 / 4). */
  wigner: number;
  /** To that of independent values, 1 - exp(-s). */
  poisson: number;
}

/**
 * Returns how far the spacings of ascending values are from Wigner's surmise and from independence. `cdf` is the law of the values;
 * its probabilities are evenly spread, and their spacings are divided by their mean. Null for fewer than 9 values.
 */
export function spacingDistances(
  values: ArrayLike<number>,
  cdf: (value: number) => number,
): SpacingDistances | null {
  const n = values.length - 1;
  if (n < FEWEST_RATIOS) return null;
  const probabilities = Array.from(values, cdf);
  const mean = (probabilities[n]! - probabilities[0]!) / n;
  if (!(mean > 0)) return null;
  const spacings = Float64Array.from(
    { length: n },
    (_, i) => (probabilities[i + 1]! - probabilities[i]!) / mean,
  );
  spacings.sort();
  return {
    wigner: distance(spacings, (s) => -Math.expm1((-Math.PI * s * s) / 4)),
    poisson: distance(spacings, (s) => -Math.expm1(-s)),
  };
}

function distance(sorted: Float64Array, cdf: (value: number) => number): number {
  const n = sorted.length;
  let farthest = 0;
  for (let i = 0; i < n; i++) {
    const expected = cdf(sorted[i]!);
    farthest = Math.max(farthest, expected - i / n, (i + 1) / n - expected);
  }
  return farthest;
}
