import type { EntrySums } from './linalg/entryPasses.ts';
import type { LinearAlgebra } from './linalg/linearAlgebra.ts';
import { spreadEnergy, type WeightPrecision } from './measures/rounding.ts';
import { pooledSpectrum, type Spectrum, spectrumOf } from './measures/spectrum.ts';

/** A matrix (or several of one shape: the slices of a convolution), row-major rows x cols. */
export interface WeightMatrices {
  matrices: readonly (Float32Array | Float64Array)[];
  rows: number;
  cols: number;
  /** Format the weights were stored in. */
  precision: WeightPrecision;
  /** Of each matrix, without a limit, where they are known; a permutation of the entries leaves them as they are. */
  sums?: readonly EntrySums[];
}

/** Returns the spectrum of each layer, of all its matrices together. Weights must be finite. The matrices of all layers share the cores. */
export function weightSpectra(layers: readonly WeightMatrices[], algebra: LinearAlgebra): Spectrum[] {
  const matrices = layers.flatMap(({ matrices, rows, cols }) => matrices.map((W) => ({ W, rows, cols })));
  const each = algebra.eigenvaluesOfEach(matrices).values();
  return layers.map(({ matrices, rows, cols, precision, sums }) => {
    const shape = { N: Math.max(rows, cols), M: Math.min(rows, cols) };
    return pooledSpectrum(
      matrices.map((W, i) =>
        spectrumOf(each.next().value!, shape, precision, spreadEnergy(W, algebra, sums?.[i])),
      ),
    );
  });
}
