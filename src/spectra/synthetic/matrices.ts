import type { RandomStream } from '../../base/random/stream.ts';

/**
 * Matrices of known class, row-major rows x cols float64, to test, calibrate and show the analysis with. Noise has elementwise
 * standard deviation 1/sqrt(max(rows, cols)), so that sigmaMP is 1; strengths of spikes are in the same unit.
 */
export interface Shape {
  rows: number;
  cols: number;
}

/** Returns Gaussian noise: class random-like. */
export function gaussianMatrix(stream: RandomStream, { rows, cols }: Shape): Float64Array {
  const sd = 1 / Math.sqrt(Math.max(rows, cols));
  return Float64Array.from({ length: rows * cols }, () => sd * stream.normal());
}

/**
 * Returns noise plus rank-one spikes of the given singular values on random orthonormal vectors. A spike shows outside of the
 * bulk when its strength is above Q^-1/4 (see src/spectra/laws/spikedModel.ts).
 */
export function spikedMatrix(stream: RandomStream, shape: Shape, strengths: readonly number[]): Float64Array {
  const W = gaussianMatrix(stream, shape);
  addLowRank(W, stream, shape, strengths);
  return W;
}

/**
 * Returns noise plus spikes of the given singular values on the first coordinate axes of both sides. Gaussian noise looks the same
 * from every direction, so the singular values are distributed as those of spikedMatrix, at a small part of its cost.
 */
export function axisSpikedMatrix(
  stream: RandomStream,
  shape: Shape,
  strengths: readonly number[],
): Float64Array {
  checkCount(strengths, shape);
  const W = gaussianMatrix(stream, shape);
  for (const [i, strength] of strengths.entries()) W[i * shape.cols + i]! += strength;
  return W;
}

/** Returns U W V with fixed orthogonal U and V, which mix every axis with many others (Hadamard's where a side is a power of 2). */
export function spreadAxes(W: Float32Array | Float64Array, { rows, cols }: Shape): Float64Array {
  const mixed = Float64Array.from(W);
  mixAxes(mixed, rows, cols, cols, 1);
  mixAxes(mixed, cols, rows, 1, cols);
  return mixed;
}

/** Mixes the `length` axes of one side: neighbours, then those 2, 4, 8, .. apart. */
function mixAxes(W: Float64Array, length: number, others: number, step: number, otherStep: number): void {
  for (let apart = 1; apart < length; apart *= 2) {
    for (let i = 0; i + apart < length; i++) {
      if ((i & apart) !== 0) continue;
      for (let j = 0; j < others; j++) {
        const a = i * step + j * otherStep;
        const b = a + apart * step;
        const [x, y] = [W[a]!, W[b]!];
        W[a] = (x + y) * Math.SQRT1_2;
        W[b] = (x - y) * Math.SQRT1_2;
      }
    }
  }
}

/**
 * Returns noise plus a whole ladder of spikes, strength_j = strongest * exp(-j / (share * M)), j = 0, 1, ..: they come down to the
 * bulk and into it without a gap, as in the bulk-decay phase.
 */
export function ladderMatrix(
  stream: RandomStream,
  shape: Shape,
  { strongest, share }: { strongest: number; share: number },
): Float64Array {
  const M = Math.min(shape.rows, shape.cols);
  // A strength of a tenth of the noise changes nothing.
  const count = Math.min(M, Math.max(1, Math.ceil(share * M * Math.log(strongest / 0.1))));
  const strengths = Array.from({ length: count }, (_, j) => strongest * Math.exp(-j / (share * M)));
  return axisSpikedMatrix(stream, shape, strengths);
}

/**
 * Returns independent entries with a Pareto tail P(|w| > x) ~ x^-mu, divided by N^max(1/2, 1/mu), N the larger side.
 * `symmetric`: |w| >= 1 with a random sign. `lomax`: w >= 0 from 0 on, not centred, as the authors drew them.
 */
export function paretoMatrix(
  stream: RandomStream,
  { rows, cols }: Shape,
  { mu, kind }: { mu: number; kind: 'symmetric' | 'lomax' },
): Float64Array {
  if (!(mu > 0)) throw new RangeError(`mu must be positive, got ${mu}`);
  const scale = Math.max(rows, cols) ** -Math.max(0.5, 1 / mu);
  return Float64Array.from({ length: rows * cols }, () => {
    const x = (1 - stream.uniform()) ** (-1 / mu);
    if (kind === 'lomax') return scale * (x - 1);
    return stream.uniform() < 0.5 ? -scale * x : scale * x;
  });
}

/** Returns a product of two Gaussian factors of the given rank, sd 1/sqrt(N) an entry, plus noise of sd `noise`/sqrt(N): class rank-collapse. */
export function lowRankMatrix(
  stream: RandomStream,
  { rows, cols }: Shape,
  { rank, noise }: { rank: number; noise: number },
): Float64Array {
  if (!Number.isInteger(rank) || rank < 1 || rank > Math.min(rows, cols)) {
    throw new RangeError(`rank must be an integer in 1..${Math.min(rows, cols)}, got ${rank}`);
  }
  const left = Float64Array.from({ length: rows * rank }, () => stream.normal());
  const right = Float64Array.from({ length: rank * cols }, () => stream.normal());
  const N = Math.max(rows, cols);
  const scale = 1 / Math.sqrt(rank * N);
  const W = Float64Array.from({ length: rows * cols }, () =>
    noise === 0 ? 0 : (noise * stream.normal()) / Math.sqrt(N),
  );
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < rank; k++) {
      const factor = scale * left[i * rank + k]!;
      for (let j = 0; j < cols; j++) W[i * cols + j]! += factor * right[k * cols + j]!;
    }
  }
  return W;
}

function checkCount(strengths: readonly number[], { rows, cols }: Shape): void {
  if (strengths.length > Math.min(rows, cols)) {
    throw new RangeError(`spikes must be at most ${Math.min(rows, cols)}, got ${strengths.length}`);
  }
}

function addLowRank(
  W: Float64Array,
  stream: RandomStream,
  { rows, cols }: Shape,
  strengths: readonly number[],
): void {
  checkCount(strengths, { rows, cols });
  const left = orthonormalRows(stream, strengths.length, rows);
  const right = orthonormalRows(stream, strengths.length, cols);
  for (const [s, strength] of strengths.entries()) {
    for (let i = 0; i < rows; i++) {
      const factor = strength * left[s * rows + i]!;
      for (let j = 0; j < cols; j++) W[i * cols + j]! += factor * right[s * cols + j]!;
    }
  }
}

/** `count` random orthonormal vectors of `length` entries: Gaussian draws, Gram-Schmidt twice over. */
function orthonormalRows(stream: RandomStream, count: number, length: number): Float64Array {
  const rows = Float64Array.from({ length: count * length }, () => stream.normal());
  for (let r = 0; r < count; r++) {
    const row = rows.subarray(r * length, (r + 1) * length);
    for (let pass = 0; pass < 2; pass++) {
      for (let earlier = 0; earlier < r; earlier++) {
        const other = rows.subarray(earlier * length, (earlier + 1) * length);
        let dot = 0;
        for (let i = 0; i < length; i++) dot += row[i]! * other[i]!;
        for (let i = 0; i < length; i++) row[i]! -= dot * other[i]!;
      }
      let squares = 0;
      for (let i = 0; i < length; i++) squares += row[i]! * row[i]!;
      const norm = Math.sqrt(squares);
      for (let i = 0; i < length; i++) row[i]! /= norm;
    }
  }
  return rows;
}
