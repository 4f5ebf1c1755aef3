import { typescriptPasses } from './entryPasses.ts';
import { gram } from './gram.ts';
import { implicitQL } from './implicitQL.ts';
import type { LinearAlgebra } from './linearAlgebra.ts';
import { reflectionsProduct, tridiagonalize } from './tridiagonalize.ts';

/**
 * Returns eigenvalues and eigenvectors of W^T W in plain float64: Gram product, Householder tridiagonal form, implicit QL.
 * Error of an eigenvalue: a small multiple of eps * lambda_max (eps = 2.2e-16), whichever eigenvalue it is. Forming the Gram
 * matrix squares the condition number, so singular values below about 1e-8 of the largest are noise. Throws RangeError for a
 * length that does not fit the shape and for an entry of W that is not finite (its index named).
 */
export const typescriptLinearAlgebra: LinearAlgebra = {
  name: 'typescript',
  lanes: 1,
  ...typescriptPasses,

  eigenvalues(W, rows, cols) {
    const { n, values, exponent } = gram(W, rows, cols);
    const { diagonal, offDiagonal } = tridiagonalize(values, n);
    const eigenvalues = implicitQL(diagonal, offDiagonal).sort();
    return unscaled(eigenvalues, exponent);
  },

  eigenvaluesOfEach(matrices) {
    return matrices.map(({ W, rows, cols }) => this.eigenvalues(W, rows, cols));
  },

  eigenvectors(W, rows, cols) {
    const { n, values, exponent } = gram(W, rows, cols);
    const form = tridiagonalize(values, n);
    const columns = reflectionsProduct(form);
    const unsorted = implicitQL(form.diagonal, form.offDiagonal, columns);
    const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => unsorted[i]! - unsorted[j]!);
    const vectors = new Float64Array(n * n);
    for (let r = 0; r < n; r++) {
      for (let k = 0; k < n; k++) vectors[k * n + r] = columns[r * n + order[k]!]!;
    }
    const eigenvalues = Float64Array.from(order, (i) => unsorted[i]!);
    return { eigenvalues: unscaled(eigenvalues, exponent), vectors };
  },
};

/** Undoes the scaling of W, in two steps because the square of the scale may leave the range of doubles before the product does. */
function unscaled(eigenvalues: Float64Array, exponent: number): Float64Array {
  const scale = 2 ** exponent;
  return eigenvalues.map((value) => Math.max(0, value) * scale * scale);
}
