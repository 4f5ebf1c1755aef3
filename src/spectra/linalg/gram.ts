/** A Gram matrix formed from W * 2^-exponent; `values` is symmetric, row-major n x n. */
export interface ScaledGram {
  n: number;
  values: Float64Array;
  exponent: number;
}

const PANEL = 4; // columns packed side by side: a 4 x 4 tile of sums stays in registers
const BLOCK = 128; // rows of W packed at a time: the packed block of 384 columns fits a second-level cache

/**
 * Returns the smaller Gram matrix of W (W^T W for rows >= cols, else W W^T) in float64. W, row-major rows x cols, is divided by
 * a power of two near its largest magnitude first, which is exact, so that neither 1e-200 nor 1e200 over- or underflows.
 * Throws RangeError for a wrong length and for the first entry that is not finite.
 */
export function gram(W: Float32Array | Float64Array, rows: number, cols: number): ScaledGram {
  checkShape(W, rows, cols);
  const exponent = exponentOfLargest(W);
  const n = Math.min(rows, cols);
  const depth = Math.max(rows, cols);
  const tall = rows >= cols;
  const panels = Math.ceil(n / PANEL);
  const padded = panels * PANEL;
  const packed = new Float64Array(padded * BLOCK);
  const sums = new Float64Array(padded * padded);
  const scale = 2 ** -exponent;
  for (let start = 0; start < depth; start += BLOCK) {
    const length = Math.min(BLOCK, depth - start);
    if (tall) packTall(W, cols, start, length, scale, packed);
    else packWide(W, rows, cols, start, length, scale, packed);
    const stride = PANEL * length;
    for (let p = 0; p < panels; p++) {
      for (let q = 0; q <= p; q++) {
        addTile(packed, p * stride, q * stride, stride, sums, PANEL * (p * padded + q), padded);
      }
    }
  }
  const values = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const sum = sums[i * padded + j]!;
      values[i * n + j] = sum;
      values[j * n + i] = sum;
    }
  }
  return { n, values, exponent };
}

function checkShape(W: Float32Array | Float64Array, rows: number, cols: number): void {
  if (!Number.isInteger(rows) || !Number.isInteger(cols) || rows < 1 || cols < 1) {
    throw new RangeError(`shape of W must be two positive integers, got ${rows} x ${cols}`);
  }
  if (W.length !== rows * cols) {
    throw new RangeError(`length of W must be ${rows} x ${cols} = ${rows * cols}, got ${W.length}`);
  }
}

function exponentOfLargest(W: Float32Array | Float64Array): number {
  let largest = 0;
  for (let i = 0; i < W.length; i++) {
    const magnitude = Math.abs(W[i]!);
    if (magnitude > largest) largest = magnitude;
    else if (Number.isNaN(magnitude)) throw new RangeError(`W[${i}] must be finite, got NaN`);
  }
  if (largest === Number.POSITIVE_INFINITY) {
    const i = W.findIndex((value: number) => !Number.isFinite(value));
    throw new RangeError(`W[${i}] must be finite, got ${W[i]}`);
  }
  if (largest === 0) return 0;
  // 2^-exponent itself must stay a normal number.
  return Math.max(-1020, Math.min(1020, Math.floor(Math.log2(largest))));
}

/** Packs rows start.. of a tall W: panel p holds, row after row, its four columns. */
function packTall(
  W: Float32Array | Float64Array,
  cols: number,
  start: number,
  length: number,
  scale: number,
  packed: Float64Array,
): void {
  const stride = PANEL * length;
  for (let k = 0; k < length; k++) {
    const row = (start + k) * cols;
    for (let i = 0; i < cols; i++) {
      packed[(i >> 2) * stride + PANEL * k + (i & 3)] = W[row + i]! * scale;
    }
  }
  clearPadding(packed, cols, length);
}

/** Packs columns start.. of a wide W in the same layout, its rows taking the part of the columns. */
function packWide(
  W: Float32Array | Float64Array,
  rows: number,
  cols: number,
  start: number,
  length: number,
  scale: number,
  packed: Float64Array,
): void {
  const stride = PANEL * length;
  for (let i = 0; i < rows; i++) {
    const from = i * cols + start;
    const to = (i >> 2) * stride + (i & 3);
    for (let k = 0; k < length; k++) packed[to + PANEL * k] = W[from + k]! * scale;
  }
  clearPadding(packed, rows, length);
}

function clearPadding(packed: Float64Array, n: number, length: number): void {
  const stride = PANEL * length;
  for (let i = n; i % PANEL !== 0; i++) {
    for (let k = 0; k < length; k++) packed[(i >> 2) * stride + PANEL * k + (i & 3)] = 0;
  }
}

/** Adds the 4 x 4 products of the panels at a0 and b0 to `sums` at `to`. */
function addTile(
  packed: Float64Array,
  a0: number,
  b0: number,
  stride: number,
  sums: Float64Array,
  to: number,
  width: number,
): void {
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  let s20 = 0;
  let s21 = 0;
  let s22 = 0;
  let s23 = 0;
  let s30 = 0;
  let s31 = 0;
  let s32 = 0;
  let s33 = 0;
  const end = a0 + stride;
  for (let a = a0, b = b0; a < end; a += PANEL, b += PANEL) {
    const y0 = packed[b]!;
    const y1 = packed[b + 1]!;
    const y2 = packed[b + 2]!;
    const y3 = packed[b + 3]!;
    const x0 = packed[a]!;
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    const x1 = packed[a + 1]!;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
    const x2 = packed[a + 2]!;
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
    s23 += x2 * y3;
    const x3 = packed[a + 3]!;
    s30 += x3 * y0;
    s31 += x3 * y1;
    s32 += x3 * y2;
    s33 += x3 * y3;
  }
  const row1 = to + width;
  const row2 = row1 + width;
  const row3 = row2 + width;
  sums[to]! += s00;
  sums[to + 1]! += s01;
  sums[to + 2]! += s02;
  sums[to + 3]! += s03;
  sums[row1]! += s10;
  sums[row1 + 1]! += s11;
  sums[row1 + 2]! += s12;
  sums[row1 + 3]! += s13;
  sums[row2]! += s20;
  sums[row2 + 1]! += s21;
  sums[row2 + 2]! += s22;
  sums[row2 + 3]! += s23;
  sums[row3]! += s30;
  sums[row3 + 1]! += s31;
  sums[row3 + 2]! += s32;
  sums[row3 + 3]! += s33;
}
