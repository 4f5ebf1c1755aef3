import { airyAi } from './airy.ts';

/** The 99 % quantile of the Tracy-Widom law TW1 (Johnstone, Ann. Statist. 29 (2001) 295, gives 2.02). */
export const TW1_QUANTILE_99 = 2.02344928;

const LOWEST = -8; // F1(-8) is below 1e-10
const HIGHEST = 12; // 1 - F1(12) is below 1e-13
const NODES = 48;
const REACH = 18; // the kernel at x = 18 is below 1e-20 for every s >= -8

/**
 * Returns the distribution function F1(s) of the Tracy-Widom law of real (beta = 1) matrices, with an absolute error below
 * 1e-9: the Fredholm determinant det(1 - Ai(x + y + s)) on (0, inf) (Ferrari and Spohn, J. Phys. A 38 (2005) L557) by
 * Gauss-Legendre quadrature (Bornemann, Math. Comp. 79 (2010) 871).
 */
export function tracyWidomCdf(s: number): number {
  if (Number.isNaN(s)) throw new RangeError('argument of tracyWidomCdf must be a number, got NaN');
  if (s < LOWEST) return 0;
  if (s > HIGHEST) return 1;
  const { nodes, weights } = quadrature();
  const matrix = new Float64Array(NODES * NODES);
  for (let i = 0; i < NODES; i++) {
    for (let j = 0; j <= i; j++) {
      const kernel = airyAi(nodes[i]! + nodes[j]! + s) * Math.sqrt(weights[i]! * weights[j]!);
      matrix[i * NODES + j] = (i === j ? 1 : 0) - kernel;
      matrix[j * NODES + i] = matrix[i * NODES + j]!;
    }
  }
  return Math.min(1, Math.max(0, determinant(matrix, NODES)));
}

/** Returns the s with F1(s) = probability (strictly between 0 and 1), to 1e-9. */
export function tracyWidomQuantile(probability: number): number {
  if (!(probability > 0 && probability < 1)) {
    throw new RangeError(`probability must be between 0 and 1, got ${probability}`);
  }
  const known = quantiles.get(probability);
  if (known !== undefined) return known;
  let low = LOWEST;
  let high = HIGHEST;
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (tracyWidomCdf(middle) < probability) low = middle;
    else high = middle;
  }
  quantiles.set(probability, high);
  return high;
}

/** Where the largest eigenvalue of W^T W lies for N x M noise: it is `center + scale * TW1`. */
export interface LargestEigenvalueLaw {
  center: number;
  scale: number;
}

/**
 * Returns Johnstone's centring and scaling of the largest eigenvalue of W^T W (no 1/N) for N x M noise with
 * sigma = sqrt(N) * elementwise standard deviation (Johnstone 2001, theorem 1.1).
 */
export function johnstone(N: number, M: number, sigma: number): LargestEigenvalueLaw {
  if (!(N >= M && M >= 1 && N > 1))
    throw new RangeError(`shape must be N >= M >= 1 and N > 1, got ${N} x ${M}`);
  if (!(sigma > 0)) throw new RangeError(`sigma must be positive, got ${sigma}`);
  const variance = (sigma * sigma) / N;
  const root = Math.sqrt(N - 1) + Math.sqrt(M);
  return {
    center: variance * root * root,
    scale: variance * root * Math.cbrt(1 / Math.sqrt(N - 1) + 1 / Math.sqrt(M)),
  };
}

/**
 * Returns the eigenvalue that the largest of N x M noise exceeds with probability 1 %; of several independent such matrices
 * (`replicas`), the largest of all.
 */
export function tracyWidomEdge(N: number, M: number, sigma: number, replicas = 1): number {
  const { center, scale } = johnstone(N, M, sigma);
  const quantile = replicas === 1 ? TW1_QUANTILE_99 : tracyWidomQuantile(0.99 ** (1 / replicas));
  return center + quantile * scale;
}

/** Returns the probability that the largest eigenvalue of N x M noise is lambda or more; below about 1e-9 only its smallness counts. */
export function largestEigenvaluePValue(lambda: number, N: number, M: number, sigma: number): number {
  const { center, scale } = johnstone(N, M, sigma);
  return 1 - tracyWidomCdf((lambda - center) / scale);
}

const quantiles = new Map<number, number>();

let cached: { nodes: Float64Array; weights: Float64Array } | null = null;

/** Nodes and weights of Gauss-Legendre quadrature on (0, REACH), the nodes by Newton's method. */
function quadrature(): { nodes: Float64Array; weights: Float64Array } {
  if (cached !== null) return cached;
  const nodes = new Float64Array(NODES);
  const weights = new Float64Array(NODES);
  for (let i = 0; i < NODES; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (NODES + 0.5));
    let slope = 1;
    for (let step = 0; step < 20; step++) {
      let previous = 1;
      let value = x;
      for (let k = 2; k <= NODES; k++) {
        const next = ((2 * k - 1) * x * value - (k - 1) * previous) / k;
        previous = value;
        value = next;
      }
      slope = (NODES * (x * value - previous)) / (x * x - 1);
      const change = value / slope;
      x -= change;
      if (Math.abs(change) < 1e-16) break;
    }
    nodes[i] = (REACH * (1 + x)) / 2;
    weights[i] = REACH / ((1 - x * x) * slope * slope);
  }
  cached = { nodes, weights };
  return cached;
}

/** Determinant by Gaussian elimination with partial pivoting; overwrites the matrix. */
function determinant(matrix: Float64Array, n: number): number {
  let product = 1;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(matrix[i * n + k]!) > Math.abs(matrix[pivot * n + k]!)) pivot = i;
    }
    if (matrix[pivot * n + k] === 0) return 0;
    if (pivot !== k) {
      product = -product;
      for (let j = k; j < n; j++) {
        const held = matrix[k * n + j]!;
        matrix[k * n + j] = matrix[pivot * n + j]!;
        matrix[pivot * n + j] = held;
      }
    }
    const head = matrix[k * n + k]!;
    product *= head;
    for (let i = k + 1; i < n; i++) {
      const factor = matrix[i * n + k]! / head;
      if (factor === 0) continue;
      for (let j = k + 1; j < n; j++) matrix[i * n + j]! -= factor * matrix[k * n + j]!;
    }
  }
  return product;
}
