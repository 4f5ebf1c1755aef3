/** Format in which the weights were stored: its rounding decides which singular values are nothing but rounding. */
export type WeightPrecision = 'float16' | 'bfloat16' | 'float32' | 'float64';

/** Distance from 1 to the next number of each format. */
const EPSILON: Record<WeightPrecision, number> = {
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
  float32: 2 ** -23,
  float64: 2 ** -52,
};

/** Shape of the matrix (or, with `replicas`, of each of the matrices) whose eigenvalues are pooled. N >= M. */
export interface MatrixShape {
  N: number;
  M: number;
  /** How many N x M matrices the eigenvalues come from: slices of a convolution, or runs of an ensemble. */
  replicas: number;
}

/**
 * Returns the shape of matrices whose `numEvals` eigenvalues are pooled. Throws RangeError where N >= M >= 1 does not hold or
 * `numEvals` is no multiple of M.
 */
export function matrixShape(numEvals: number, N: number, M: number): MatrixShape {
  if (!(Number.isInteger(N) && Number.isInteger(M) && N >= M && M >= 1)) {
    throw new RangeError(`shape must be integers N >= M >= 1, got ${N} x ${M}`);
  }
  if (!(numEvals >= M && numEvals % M === 0)) {
    throw new RangeError(`number of eigenvalues must be a multiple of M = ${M}, got ${numEvals}`);
  }
  return { N, M, replicas: numEvals / M };
}

/**
 * Returns the eigenvalue at and below which an eigenvalue of W^T W counts as 0. Rounding the entries of W moves no singular value by
 * more than eps/2 |W|_F (Weyl), so singular values up to eps |W|_F are taken for rounding; and never less than what float64
 * arithmetic leaves of a zero eigenvalue of the Gram matrix, N eps64 lambda_max.
 */
export function zeroEigenvalue(
  evals: Float64Array,
  { N, replicas }: MatrixShape,
  precision: WeightPrecision,
): number {
  const lambdaMax = evals[evals.length - 1]!;
  const energy = sum(evals) / replicas;
  return Math.max(EPSILON[precision] ** 2 * energy, N * EPSILON.float64 * lambdaMax);
}

/** Returns how many eigenvalues (ascending) are above `zero`: the hard rank, for pooled matrices the sum of theirs. */
export function matrixRank(evals: Float64Array, zero: number): number {
  const first = evals.findIndex((value) => value > zero);
  return first === -1 ? 0 : evals.length - first;
}

/** Returns sum(lambda) / lambda_max, the squared ratio of Frobenius to spectral norm (paper, R_s); null for a zero matrix. */
export function stableRank(evals: Float64Array): number | null {
  const lambdaMax = evals[evals.length - 1]!;
  return lambdaMax > 0 ? sum(evals.map((value) => value / lambdaMax)) : null;
}

/**
 * Returns the matrix entropy -sum p ln p / ln(rank) with p = lambda / sum(lambda), in 0..1 (paper, S(W)); null where the rank is
 * 0 or 1, for which it is not defined.
 */
export function matrixEntropy(evals: Float64Array, rank: number): number | null {
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
export function logAlphaNorm(evals: Float64Array, alpha: number): number | null {
  const lambdaMax = evals[evals.length - 1]!;
  if (!(lambdaMax > 0)) return null;
  return alpha * Math.log10(lambdaMax) + Math.log10(sum(evals.map((value) => (value / lambdaMax) ** alpha)));
}

/** Returns the sum of `values`, with compensation (Neumaier), so that it does not depend on their order to 1e-15. */
export function sum(values: Float64Array): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
}
