import { type Rounding, roundingOf } from './measures/rounding.ts';
import type { WeightMatrices } from './weightSpectra.ts';

/**
 * Returns the weights after less those before, in float64. The rounding of a difference does not depend on the difference: it is that of
 * both, spread evenly.
 */
export function weightChange(before: WeightMatrices, after: WeightMatrices): WeightMatrices {
  const matrices = after.matrices.map((W, i) =>
    Float64Array.from(W, (value, at) => value - before.matrices[i]![at]!),
  );
  const step = Math.sqrt(12 * (roundingVariance(before) + roundingVariance(after)));
  const precision: Rounding = { significantBits: 53, step };
  return { rows: after.rows, cols: after.cols, matrices, precision };
}

function roundingVariance({ matrices, precision }: WeightMatrices): number {
  const { significantBits, step } = roundingOf(precision);
  let [squares, entries] = [0, 0];
  for (const W of matrices) {
    entries += W.length;
    for (const w of W) squares += w * w;
  }
  return (2 ** (-2 * significantBits) / 3) * (squares / entries) + step ** 2 / 12;
}
