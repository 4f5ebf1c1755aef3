/**
 * Conversions between the exponent alpha of the eigenvalue density, p(lambda) ~ lambda^-alpha, and the exponent mu of heavy-tailed
 * matrix entries, p(w) ~ |w|^-(1 + mu). Martin and Mahoney, JMLR 22(165) (2021), section 5, and their notebook
 * HeavyTailedUniversalityClasses.
 */

/** Slope and intercept of alpha over mu that the authors fitted to Pareto matrices of M = 1000, Q = 2 (mu in 0.5..3.5, halves apart). */
const FINITE_SIZE_LOWER = { slope: 0.649, intercept: 0.862 };
const FINITE_SIZE_UPPER = { slope: 1.21, intercept: -0.0253 };
/** Where the two lines cross; the authors split their draws there (the middle of 0.5..3.5). */
const FINITE_SIZE_SPLIT = 2;

/** Returns alpha = 1 + mu/2 of an infinitely large matrix, for 0 < mu < 4. */
export function alphaOfMu(mu: number): number {
  if (!(mu > 0 && mu < 4)) throw new RangeError(`mu must be in 0..4, got ${mu}`);
  return 1 + mu / 2;
}

/** Returns the alpha that a Pareto matrix of M = 1000 and Q = 2 shows, for mu in 0.5..3.5 (the authors' two lines). */
export function finiteAlphaOfMu(mu: number): number {
  if (!(mu >= 0.5 && mu <= 3.5)) throw new RangeError(`mu must be in 0.5..3.5, got ${mu}`);
  const { slope, intercept } = mu < FINITE_SIZE_SPLIT ? FINITE_SIZE_LOWER : FINITE_SIZE_UPPER;
  return slope * mu + intercept;
}

/** Returns the mu the authors read off a fitted alpha > 1 (mu4alpha): 2 (alpha - 1) below 2, 2 up to 3, alpha - 1 above. */
export function muOfAlpha(alpha: number): number {
  if (!(alpha > 1)) throw new RangeError(`alpha must be above 1, got ${alpha}`);
  if (alpha < 2) return 2 * (alpha - 1);
  return alpha <= 3 ? 2 : alpha - 1;
}
