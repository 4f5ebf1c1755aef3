import { joined } from '../linalg/joined.ts';
import { roundingEdge, type WeightPrecision } from './rounding.ts';
import { sum } from './sum.ts';

/** Shape of the matrix (or, with `replicas`, of each of the matrices) whose eigenvalues are pooled. N >= M. */
export interface MatrixShape {
  N: number;
  M: number;
  /** How many N x M matrices the eigenvalues come from: slices of a convolution, or runs of an ensemble. */
  replicas: number;
}

/** The spectrum of a layer, made once: what every metric takes. */
export interface Spectrum {
  /** All eigenvalues of W^T W (no 1/N), ascending; those of all matrices together where several are pooled. */
  eigenvalues: Float64Array;
  shape: MatrixShape;
  /** An eigenvalue up to this is 0 to the precision of the weights; of pooled matrices the largest of theirs. */
  zero: number;
  /** Eigenvalues that are not 0: the hard rank, for pooled matrices the sum of theirs. */
  rank: number;
  /** Those eigenvalues, ascending. */
  positive: Float64Array;
}

/**
 * Returns the spectrum of ascending eigenvalues of W^T W (no 1/N): M of them for one N x M matrix, a multiple of M where those of
 * several are pooled, which then count as equally large. `precision` is the format the weights were stored in, `energy` what of the
 * squared Frobenius norm of each is spread over its entries (spreadEnergy): all of it when left out, which takes some eigenvalues of
 * heavy-tailed entries for zeros. Throws RangeError for eigenvalues that are negative, not finite or not ascending, and for a shape
 * that does not fit.
 */
export function spectrumOf(
  eigenvalues: Float64Array,
  { N, M }: { N: number; M: number },
  precision: WeightPrecision = 'float32',
  energy?: number,
): Spectrum {
  checkEigenvalues(eigenvalues);
  const shape = matrixShape(eigenvalues.length, N, M);
  const zero = zeroEigenvalue(eigenvalues, shape, precision, energy ?? sum(eigenvalues) / shape.replicas);
  const first = eigenvalues.findIndex((value) => value > zero);
  const rank = first === -1 ? 0 : eigenvalues.length - first;
  return { eigenvalues, shape, zero, rank, positive: eigenvalues.subarray(eigenvalues.length - rank) };
}

/** Returns the spectrum of all matrices together; each keeps its own zero. Throws RangeError for none, and for unequal shapes. */
export function pooledSpectrum(spectra: readonly Spectrum[]): Spectrum {
  const [first, ...others] = spectra;
  if (first === undefined) throw new RangeError('spectra must be one or more, got none');
  if (others.length === 0) return first;
  const { N, M } = first.shape;
  const odd = others.find(({ shape }) => shape.N !== N || shape.M !== M);
  if (odd !== undefined) {
    throw new RangeError(
      `shapes of pooled spectra must be equal, got ${N} x ${M} and ${odd.shape.N} x ${odd.shape.M}`,
    );
  }
  const eigenvalues = joined(spectra.map((one) => one.eigenvalues)).sort();
  const positive = joined(spectra.map((one) => one.positive)).sort();
  return {
    eigenvalues,
    shape: matrixShape(eigenvalues.length, N, M),
    zero: spectra.reduce((largest, { zero }) => Math.max(largest, zero), 0),
    rank: positive.length,
    positive,
  };
}

/**
 * Returns the eigenvalue at and below which an eigenvalue counts as 0: where the rounding of the weights ends, and never less than
 * what float64 arithmetic leaves of a zero eigenvalue of the Gram matrix, N eps64 lambda_max.
 */
function zeroEigenvalue(
  evals: Float64Array,
  { N, M }: MatrixShape,
  precision: WeightPrecision,
  energy: number,
): number {
  const lambdaMax = evals[evals.length - 1]!;
  return Math.max(roundingEdge(N, M, energy, precision), N * Number.EPSILON * lambdaMax);
}

function matrixShape(numEvals: number, N: number, M: number): MatrixShape {
  if (!(Number.isInteger(N) && Number.isInteger(M) && N >= M && M >= 1)) {
    throw new RangeError(`shape must be integers N >= M >= 1, got ${N} x ${M}`);
  }
  if (!(numEvals >= M && numEvals % M === 0)) {
    throw new RangeError(`number of eigenvalues must be a multiple of M = ${M}, got ${numEvals}`);
  }
  return { N, M, replicas: numEvals / M };
}

function checkEigenvalues(evals: Float64Array): void {
  for (let i = 0; i < evals.length; i++) {
    if (!(evals[i]! >= 0 && evals[i]! < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`eigenvalues[${i}] must be finite and not negative, got ${evals[i]}`);
    }
    if (i > 0 && evals[i]! < evals[i - 1]!) {
      throw new RangeError(`eigenvalues must ascend, got ${evals[i - 1]} before ${evals[i]} at index ${i}`);
    }
  }
}
