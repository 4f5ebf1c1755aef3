import type { LinearAlgebra } from './linalg/linearAlgebra.ts';

/** Shape of the submatrices: `columns` along the shorter side of W, `aspect` times as many along the longer. */
export interface SubmatrixShape {
  aspect: number;
  columns: number;
}

/**
 * Returns the pooled eigenvalues (ascending) of submatrices of one fixed shape that cover W evenly, so that layers of different
 * aspect ratio can be compared: alpha of the pooled spectrum does not change with Q as that of W does (FARMS: Hu et al., ICML 2025).
 * Positions are evenly spaced, as few as cover W; nothing is random. Throws RangeError where a submatrix does not fit into W.
 */
export function fixedAspectEigenvalues(
  W: Float32Array | Float64Array,
  rows: number,
  cols: number,
  { aspect, columns }: SubmatrixShape,
  algebra: LinearAlgebra,
): Float64Array {
  const long = Math.round(aspect * columns);
  const tall = rows >= cols;
  const height = tall ? long : columns;
  const width = tall ? columns : long;
  if (!(aspect >= 1 && Number.isInteger(columns) && columns >= 1 && height <= rows && width <= cols)) {
    throw new RangeError(
      `submatrices must fit into W of ${rows} x ${cols}, got ${height} x ${width} (aspect ${aspect}, columns ${columns})`,
    );
  }
  const tops = positions(rows, height);
  const lefts = positions(cols, width);
  const count = Math.min(height, width);
  const pooled = new Float64Array(tops.length * lefts.length * count);
  const part = new Float64Array(height * width);
  let at = 0;
  for (const top of tops) {
    for (const left of lefts) {
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) part[i * width + j] = W[(top + i) * cols + left + j]!;
      }
      pooled.set(algebra.eigenvalues(part, height, width), at);
      at += count;
    }
  }
  return pooled.sort();
}

/** Starts of as few windows as cover 0..length, evenly spaced. */
function positions(length: number, window: number): number[] {
  const count = Math.ceil(length / window);
  return Array.from({ length: count }, (_, i) =>
    count === 1 ? 0 : Math.round((i * (length - window)) / (count - 1)),
  );
}
