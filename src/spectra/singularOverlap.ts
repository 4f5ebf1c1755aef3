import type { LinearAlgebra, Matrix } from './linalg/linearAlgebra.ts';

/** The unit singular vectors of the largest singular values of a matrix, largest first. */
export interface LeadingDirections {
  /** On the shorter side: M entries each. */
  short: readonly Float64Array[];
  /** On the longer side: N entries each. */
  long: readonly Float64Array[];
}

/** Of an eigenvalue below this share of the largest the Gram matrix no longer has the vector to four digits. */
const LEAST_SHARE = 1e-12;

/** Returns the leading singular vectors of a matrix on both sides: `count` of them, fewer where fewer singular values are not 0. */
export function leadingDirections(matrix: Matrix, count: number, algebra: LinearAlgebra): LeadingDirections {
  const { W, rows, cols } = matrix;
  const { eigenvalues, vectors } = algebra.eigenvectors(W, rows, cols);
  const n = eigenvalues.length;
  const zero = LEAST_SHARE * eigenvalues[n - 1]!;
  const short: Float64Array[] = [];
  for (let i = n - 1; i >= 0 && short.length < count && eigenvalues[i]! > zero; i--) {
    short.push(vectors.slice(i * n, (i + 1) * n));
  }
  const long = short.map((v, i) => otherSide(matrix, v, Math.sqrt(eigenvalues[n - 1 - i]!)));
  return { short, long };
}

/** W v / sigma for v on the columns' side, W^T v / sigma for v on the rows' side. */
function otherSide({ W, rows, cols }: Matrix, v: Float64Array, sigma: number): Float64Array {
  const u = new Float64Array(Math.max(rows, cols));
  for (let r = 0; r < rows; r++) {
    const from = r * cols;
    if (rows >= cols) {
      let sum = 0;
      for (let c = 0; c < cols; c++) sum += W[from + c]! * v[c]!;
      u[r] = sum / sigma;
    } else {
      const weight = v[r]! / sigma;
      for (let c = 0; c < cols; c++) u[c]! += W[from + c]! * weight;
    }
  }
  return u;
}

/**
 * Returns how far two spaces, each spanned by orthonormal vectors, coincide: the mean squared cosine of their principal angles,
 * sum (a_i b_j)^2 / k with k the smaller number of vectors. 1: one lies in the other; k / dimension is what chance gives spaces of equal k.
 * Null where one has no vectors.
 */
export function subspaceOverlap(a: readonly Float64Array[], b: readonly Float64Array[]): number | null {
  const k = Math.min(a.length, b.length);
  if (k === 0) return null;
  let total = 0;
  for (const one of a) {
    for (const other of b) {
      let product = 0;
      for (let i = 0; i < one.length; i++) product += one[i]! * other[i]!;
      total += product * product;
    }
  }
  return total / k;
}
