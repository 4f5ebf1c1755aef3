/** T = Q^T A Q: `diagonal` has n entries, `offDiagonal[i]` couples i-1 and i (`offDiagonal[0]` is 0). */
export interface Tridiagonal {
  n: number;
  diagonal: Float64Array;
  offDiagonal: Float64Array;
  /** Row i holds the Householder vector that cleared row i, of length i; H_i = I - betas[i] u u^T. */
  reflectors: Float64Array;
  betas: Float64Array;
}

/**
 * Returns the tridiagonal form of the symmetric row-major n x n matrix A by Householder reflections; only the lower triangle is
 * read, and A is overwritten with the reflectors. The rank-two update of a step and the matrix-vector product of the next go
 * over the triangle in one pass, since for n in the thousands it is memory that limits.
 */
export function tridiagonalize(A: Float64Array, n: number): Tridiagonal {
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  const betas = new Float64Array(n);
  let v = new Float64Array(n); // pending update A -= v w^T + w v^T
  let w = new Float64Array(n);
  let u = new Float64Array(n);
  let p = new Float64Array(n);
  for (let i = n - 1; i >= 1; i--) {
    const row = i * n;
    for (let k = 0; k <= i; k++) A[row + k]! -= v[i]! * w[k]! + w[i]! * v[k]!;
    diagonal[i] = A[row + i]!;
    const { length, beta } = reflector(A, row, i, u);
    offDiagonal[i] = length;
    betas[i] = beta;
    productAfterUpdate(A, n, i, v, w, u, p);
    let dot = 0;
    for (let k = 0; k < i; k++) dot += p[k]! * u[k]!;
    const half = 0.5 * beta * beta * dot;
    for (let k = 0; k < i; k++) p[k] = beta * p[k]! - half * u[k]!;
    [v, u] = [u, v];
    [w, p] = [p, w];
  }
  diagonal[0] = A[0]! - 2 * v[0]! * w[0]!;
  return { n, diagonal, offDiagonal, reflectors: A, betas };
}

/** Writes to u (and over the row) the vector that reflects the row's first i entries onto the last of them; returns what remains there. */
function reflector(
  A: Float64Array,
  row: number,
  i: number,
  u: Float64Array,
): { length: number; beta: number } {
  let largest = 0;
  for (let k = 0; k < i - 1; k++) largest = Math.max(largest, Math.abs(A[row + k]!));
  const last = A[row + i - 1]!;
  if (largest === 0) {
    for (let k = 0; k < i; k++) {
      u[k] = 0;
      A[row + k] = 0;
    }
    return { length: last, beta: 0 };
  }
  largest = Math.max(largest, Math.abs(last));
  let squares = 0;
  for (let k = 0; k < i; k++) {
    const scaled = A[row + k]! / largest;
    u[k] = scaled;
    squares += scaled * scaled;
  }
  const norm = Math.sqrt(squares);
  const scaledLast = u[i - 1]!;
  const target = scaledLast > 0 ? -norm : norm; // the sign that avoids cancellation
  u[i - 1] = scaledLast - target;
  for (let k = 0; k < i; k++) A[row + k] = u[k]!;
  return { length: target * largest, beta: 1 / (squares - scaledLast * target) };
}

/** Applies the pending update to the leading i x i triangle and writes A u to p, two rows at a time. */
function productAfterUpdate(
  A: Float64Array,
  n: number,
  i: number,
  v: Float64Array,
  w: Float64Array,
  u: Float64Array,
  p: Float64Array,
): void {
  p.fill(0, 0, i);
  let j = 0;
  for (; j + 1 < i; j += 2) {
    const row0 = j * n;
    const row1 = row0 + n;
    const v0 = v[j]!;
    const w0 = w[j]!;
    const u0 = u[j]!;
    const v1 = v[j + 1]!;
    const w1 = w[j + 1]!;
    const u1 = u[j + 1]!;
    let sum0 = 0;
    let sum1 = 0;
    for (let k = 0; k < j; k++) {
      const vk = v[k]!;
      const wk = w[k]!;
      const uk = u[k]!;
      const a0 = A[row0 + k]! - (v0 * wk + w0 * vk);
      const a1 = A[row1 + k]! - (v1 * wk + w1 * vk);
      A[row0 + k] = a0;
      A[row1 + k] = a1;
      sum0 += a0 * uk;
      sum1 += a1 * uk;
      p[k]! += a0 * u0 + a1 * u1;
    }
    const d0 = A[row0 + j]! - 2 * v0 * w0;
    const cross = A[row1 + j]! - (v1 * w0 + w1 * v0);
    const d1 = A[row1 + j + 1]! - 2 * v1 * w1;
    A[row0 + j] = d0;
    A[row1 + j] = cross;
    A[row1 + j + 1] = d1;
    p[j]! += sum0 + d0 * u0 + cross * u1;
    p[j + 1]! += sum1 + cross * u0 + d1 * u1;
  }
  if (j < i) {
    const row = j * n;
    let sum = 0;
    for (let k = 0; k < j; k++) {
      const a = A[row + k]! - (v[j]! * w[k]! + w[j]! * v[k]!);
      A[row + k] = a;
      sum += a * u[k]!;
      p[k]! += a * u[j]!;
    }
    const d = A[row + j]! - 2 * v[j]! * w[j]!;
    A[row + j] = d;
    p[j]! += sum + d * u[j]!;
  }
}

/** Returns the orthogonal Q of A = Q T Q^T, row-major n x n. */
export function reflectionsProduct({ n, reflectors, betas }: Tridiagonal): Float64Array {
  const Q = new Float64Array(n * n);
  for (let r = 0; r < n; r++) Q[r * n + r] = 1;
  // Rows of Q are independent: four of them go through all reflections while they are in the cache.
  for (let r = 0; r < n; r += 4) {
    const end = Math.min(r + 4, n);
    for (let i = n - 1; i >= 1; i--) {
      const beta = betas[i]!;
      if (beta === 0) continue;
      if (end - r === 4) reflectFour(Q, r * n, n, reflectors, i * n, i, beta);
      else for (let row = r; row < end; row++) reflectOne(Q, row * n, reflectors, i * n, i, beta);
    }
  }
  return Q;
}

function reflectFour(
  Q: Float64Array,
  row: number,
  n: number,
  reflectors: Float64Array,
  from: number,
  length: number,
  beta: number,
): void {
  const row1 = row + n;
  const row2 = row1 + n;
  const row3 = row2 + n;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let k = 0; k < length; k++) {
    const u = reflectors[from + k]!;
    s0 += Q[row + k]! * u;
    s1 += Q[row1 + k]! * u;
    s2 += Q[row2 + k]! * u;
    s3 += Q[row3 + k]! * u;
  }
  s0 *= beta;
  s1 *= beta;
  s2 *= beta;
  s3 *= beta;
  for (let k = 0; k < length; k++) {
    const u = reflectors[from + k]!;
    Q[row + k]! -= s0 * u;
    Q[row1 + k]! -= s1 * u;
    Q[row2 + k]! -= s2 * u;
    Q[row3 + k]! -= s3 * u;
  }
}

function reflectOne(
  Q: Float64Array,
  row: number,
  reflectors: Float64Array,
  from: number,
  length: number,
  beta: number,
): void {
  let s = 0;
  for (let k = 0; k < length; k++) s += Q[row + k]! * reflectors[from + k]!;
  s *= beta;
  for (let k = 0; k < length; k++) Q[row + k]! -= s * reflectors[from + k]!;
}
