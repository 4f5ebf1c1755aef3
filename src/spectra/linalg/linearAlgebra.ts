import type { EntryPasses } from './entryPasses.ts';

/** A matrix, row-major rows x cols. */
export interface Matrix {
  W: Float32Array | Float64Array;
  rows: number;
  cols: number;
}

/**
 * What the analysis needs of linear algebra. Two implementations: `typescriptLinearAlgebra` (src/spectra/linalg, always there) and the
 * same algorithms compiled with the engine (engine/linalg), which the command line hands in when an engine is installed.
 */
export interface LinearAlgebra extends EntryPasses {
  readonly name: 'native' | 'typescript';
  /** How many matrices `eigenvaluesOfEach` takes at a time. */
  readonly lanes: number;
  /**
   * Returns the eigenvalues of X = W^T W (no 1/N), ascending, clamped at 0, as a Float64Array of min(rows, cols) values.
   * `W` is row-major rows x cols; the smaller Gram matrix is formed whichever way W lies.
   */
  eigenvalues(W: Float32Array | Float64Array, rows: number, cols: number): Float64Array;
  /** Returns the eigenvalues of each matrix as `eigenvalues` does, to the same bits, `lanes` matrices at a time. */
  eigenvaluesOfEach(matrices: readonly Matrix[]): Float64Array[];
  /**
   * Returns eigenvalues as above and the unit eigenvectors of the smaller Gram matrix: `vectors` is row-major, row i belongs to
   * eigenvalue i and has min(rows, cols) entries.
   */
  eigenvectors(
    W: Float32Array | Float64Array,
    rows: number,
    cols: number,
  ): { eigenvalues: Float64Array; vectors: Float64Array };
}
