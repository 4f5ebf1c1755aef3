import type { Spectrum } from './spectrum.ts';
import { sum } from './sum.ts';

/** Returns sum(lambda) / lambda_max, the squared ratio of Frobenius to spectral norm (paper, R_s); null for a zero matrix. */
export function stableRank({ eigenvalues: evals }: Spectrum): number | null {
  const lambdaMax = evals[evals.length - 1]!;
  return lambdaMax > 0 ? sum(evals.map((value) => value / lambdaMax)) : null;
}

/**
 * Returns the matrix entropy -sum p ln p / ln(rank) with p = lambda / sum(lambda), in 0..1 (paper, S(W)); null where the rank is
 * 0 or 1, for which it is not defined.
 */
export function matrixEntropy({ eigenvalues: evals, rank }: Spectrum): number | null {
  if (rank < 2) return null;
  const total = sum(evals);
  let entropy = 0;
  for (const value of evals) {
    const p = value / total;
    if (p > 0) entropy -= p * Math.log(p);
  }
  return entropy / Math.log(rank);
}

/** Returns log10(sum lambda^alpha) without overflow (the log alpha-norm of WeightWatcher); null for a zero matrix. */
export function logAlphaNorm({ eigenvalues: evals }: Spectrum, alpha: number): number | null {
  const lambdaMax = evals[evals.length - 1]!;
  if (!(lambdaMax > 0)) return null;
  return alpha * Math.log10(lambdaMax) + Math.log10(sum(evals.map((value) => (value / lambdaMax) ** alpha)));
}
