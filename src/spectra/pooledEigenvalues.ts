import type { LinearAlgebra } from '../linalg/linearAlgebra.ts';

/** A matrix (or several of one shape: the slices of a convolution), row-major rows x cols. */
export interface WeightMatrices {
  matrices: readonly (Float32Array | Float64Array)[];
  rows: number;
  cols: number;
}

/**
 * Returns the eigenvalues of each layer, ascending, those of all its matrices together. Weights must be finite. The matrices of all
 * layers share the cores.
 */
export function pooledEigenvalues(layers: readonly WeightMatrices[], algebra: LinearAlgebra): Float64Array[] {
  const matrices = layers.flatMap(({ matrices, rows, cols }) => matrices.map((W) => ({ W, rows, cols })));
  const each = algebra.eigenvaluesOfEach(matrices).values();
  return layers.map(({ matrices, rows, cols }) => {
    const count = Math.min(rows, cols);
    const pooled = new Float64Array(matrices.length * count);
    for (const i of matrices.keys()) pooled.set(each.next().value!, i * count);
    return matrices.length > 1 ? pooled.sort() : pooled;
  });
}
