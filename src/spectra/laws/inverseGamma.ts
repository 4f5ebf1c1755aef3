import { logMinusDigamma, upperGamma } from './gamma.ts';

/** An inverse-gamma law: density ~ lambda^-(shape + 1) exp(-scale / lambda), a power law above with exponent shape + 1. */
export interface InverseGammaFit {
  shape: number;
  /** In the unit of the eigenvalues. */
  scale: number;
  /** Kolmogorov-Smirnov distance of the eigenvalues to the law. */
  ks: number;
}

/** Below this many eigenvalues a law of two parameters says nothing. */
const FEWEST = 8;
const MAX_STEPS = 100;

/**
 * Returns the inverse-gamma law of greatest likelihood of ascending positive eigenvalues, taken as independent. Null for fewer than 8
 * eigenvalues, or equal ones.
 *
 * A beta-Wishart ensemble whose repulsion falls as one over its size lies between the Marchenko-Pastur law and, without repulsion, the
 * gamma law (Allez, Bouchaud, Majumdar and Vivo 2012, arXiv:1209.6171). Reciprocals of gamma values are inverse-gamma values. The
 * high-temperature Marchenko-Pastur ensemble of Hodgkinson, Wang and Mahoney (2025, arXiv:2506.03470) has a parameter of repulsion as
 * well. Here none is fitted: this is the one law without repulsion, not their family, and its distance says nothing against theirs.
 * Below, it falls off as exp(-scale / lambda), faster than any power.
 */
export function fitInverseGamma(eigenvalues: ArrayLike<number>): InverseGammaFit | null {
  const n = eigenvalues.length;
  if (n < FEWEST) return null;
  // In units of the largest, so that no reciprocal leaves the range.
  const unit = eigenvalues[n - 1]!;
  let reciprocals = 0;
  let logarithms = 0;
  for (let i = 0; i < n; i++) {
    reciprocals += unit / eigenvalues[i]!;
    logarithms += Math.log(eigenvalues[i]! / unit);
  }
  // ln shape - psi(shape) of the gamma law of the reciprocals.
  const spread = Math.log(reciprocals / n) + logarithms / n;
  if (!(spread > 1e-12)) return null;
  const shape = shapeOf(spread);
  const scale = (unit * shape * n) / reciprocals;
  return { shape, scale, ks: distance(eigenvalues, shape, scale) };
}

/** Returns the probability of a value <= lambda. */
export function inverseGammaCdf(lambda: number, { shape, scale }: { shape: number; scale: number }): number {
  return lambda <= 0 ? 0 : upperGamma(shape, scale / lambda);
}

/** Solves ln a - psi(a) = spread, which falls from infinity to 0: by bisection in ln a. */
function shapeOf(spread: number): number {
  // 1/(2a) < ln a - psi(a) < 1/a.
  let low = Math.log(0.5 / spread);
  let high = Math.log(1 / spread);
  for (let step = 0; step < MAX_STEPS && high - low > 1e-15 * Math.abs(low); step++) {
    const middle = (low + high) / 2;
    if (logMinusDigamma(Math.exp(middle)) > spread) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

function distance(eigenvalues: ArrayLike<number>, shape: number, scale: number): number {
  const n = eigenvalues.length;
  let farthest = 0;
  for (let i = 0; i < n; i++) {
    const expected = inverseGammaCdf(eigenvalues[i]!, { shape, scale });
    farthest = Math.max(farthest, expected - i / n, (i + 1) / n - expected);
  }
  return farthest;
}
