import { median } from '../../base/quantile.ts';
import type { MatrixShape, Spectrum } from '../measures/spectrum.ts';
import {
  marchenkoPasturCdf,
  marchenkoPasturEdges,
  marchenkoPasturQuantile,
  sigmaOfEdge,
} from './marchenkoPastur.ts';
import { tracyWidomEdge } from './tracyWidom.ts';

/** Below this many eigenvalues neither a bulk nor its edge means anything. */
export const MIN_BULK = 8;
/**
 * A bulk whose Kolmogorov-Smirnov distance to the fitted law is above this does not follow it. Eigenvalues of noise repel each
 * other, so the distance of a pure noise bulk is about 1/M (below 0.02 for M >= 64), far below the 1/sqrt(M) of independent draws.
 */
const BULK_KS_LIMIT = 0.1;

/** How sigma was found: by the iterated clip of this project, or by the authors' rule from a given number of spikes. */
export type MarchenkoPasturMode = { mode: 'robust' } | { mode: 'edge'; numSpikes: number };

export interface MarchenkoPasturFit {
  mode: MarchenkoPasturMode['mode'];
  /** sqrt(N) * elementwise standard deviation of the noise. */
  sigma: number;
  lambdaMinus: number;
  lambdaPlus: number;
  /** What the largest eigenvalue of noise of this sigma exceeds with probability 1 % (Tracy-Widom, Johnstone's scaling). */
  twEdge: number;
  /** Eigenvalues above `twEdge` (mode robust), or the k that was asked for (mode edge); they are the last of the spectrum. */
  numSpikes: number;
  /** Kolmogorov-Smirnov distance of the eigenvalues that are not spikes to the fitted law. */
  bulkKs: number;
  /** lambdaPlus / lambda_max, 1 where lambda_max lies within the bulk. */
  mpSoftRank: number;
  /** Why the law only describes the bulk and does not fit it (`bulkKs` above BULK_KS_LIMIT); null where it fits. */
  reason: string | null;
}

/** No law could be fitted; `reason` says why. */
export interface NoMarchenkoPasturFit {
  mode: MarchenkoPasturMode['mode'];
  sigma: null;
  reason: string;
}

/**
 * Returns the Marchenko-Pastur law of the noise bulk of a spectrum.
 * Mode robust: if with the sigma of the whole energy nothing lies above the Tracy-Widom 99 % edge, all is bulk. Otherwise sigma
 * starts from the median of the eigenvalues that are not 0; then, until nothing changes, eigenvalues above the edge are taken for
 * spikes and sigma is that of the remaining energy. Taking k strong spikes out of N x M noise
 * leaves (N - k)(M - k) degrees of freedom, so sigma^2 = N sum(bulk) / ((N - k)(M - k)).
 * Mode edge (Martin and Mahoney's rule): the numSpikes largest are dropped, and the law ends at the largest of the rest:
 * sigma^2 = max(rest) / (1 + Q^-1/2)^2.
 */
export function fitMarchenkoPastur(
  spectrum: Spectrum,
  options: MarchenkoPasturMode = { mode: 'robust' },
): MarchenkoPasturFit | NoMarchenkoPasturFit {
  const { eigenvalues: evals, shape, zero } = spectrum;
  const { mode } = options;
  const refuse = (reason: string): NoMarchenkoPasturFit => ({ mode, sigma: null, reason });
  if (shape.M < MIN_BULK)
    return refuse(`a bulk needs matrices of ${MIN_BULK} eigenvalues or more, got ${shape.M}`);
  if (mode === 'robust') {
    const sigma = clippedSigma(spectrum);
    if (typeof sigma === 'string') return refuse(sigma);
    const edge = tracyWidomEdge(shape.N, shape.M, sigma, shape.replicas);
    return describe(mode, evals, shape, sigma, countAbove(evals, edge));
  }
  const { numSpikes } = options;
  const most = evals.length - MIN_BULK;
  if (!Number.isInteger(numSpikes) || numSpikes < 0 || numSpikes > most) {
    throw new RangeError(`numSpikes must be an integer in 0..${most}, got ${numSpikes}`);
  }
  const edge = evals[evals.length - numSpikes - 1]!;
  if (!(edge > zero)) return refuse(`no positive eigenvalue is left after ${numSpikes} spikes`);
  return describe(mode, evals, shape, sigmaOfEdge(edge, shape.N / shape.M), numSpikes);
}

/** Returns the sigma of mode robust, or why there is none. */
function clippedSigma({ eigenvalues: evals, shape, rank, positive }: Spectrum): number | string {
  const { N, M, replicas } = shape;
  const n = evals.length;
  if (rank === 0) return 'all eigenvalues are 0';
  const sums = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) sums[i + 1] = sums[i]! + evals[i]!;

  // Noise first: started from the median, the clip would now and then cut into pure noise and stay there.
  const whole = Math.sqrt(sums[n]! / n);
  if (evals[n - 1]! <= tracyWidomEdge(N, M, whole, replicas)) return whole;

  // Zeros say nothing of the scale of the bulk.
  let sigma = Math.sqrt(median(positive) / marchenkoPasturQuantile(0.5, N / M, 1));
  const seen = new Set<number>();
  for (;;) {
    const numSpikes = countAbove(evals, tracyWidomEdge(N, M, sigma, replicas));
    // Settled, or going round between two counts.
    if (seen.has(numSpikes)) return sigma;
    seen.add(numSpikes);
    const bulk = n - numSpikes;
    if (rank - numSpikes < MIN_BULK) return `fewer than ${MIN_BULK} positive eigenvalues lie within a bulk`;
    sigma = Math.sqrt((N * sums[bulk]!) / ((N - numSpikes / replicas) * bulk));
  }
}

function countAbove(evals: Float64Array, edge: number): number {
  let count = 0;
  while (count < evals.length && evals[evals.length - 1 - count]! > edge) count++;
  return count;
}

function describe(
  mode: MarchenkoPasturMode['mode'],
  evals: Float64Array,
  shape: MatrixShape,
  sigma: number,
  numSpikes: number,
): MarchenkoPasturFit {
  const { N, M, replicas } = shape;
  const lambdaMax = evals[evals.length - 1]!;
  const { lambdaMinus, lambdaPlus } = marchenkoPasturEdges(N / M, sigma);
  const removed = mode === 'robust' ? numSpikes / replicas : 0;
  const bulkKs = bulkDistance(evals.subarray(0, evals.length - numSpikes), shape, sigma, removed);
  return {
    mode,
    sigma,
    lambdaMinus,
    lambdaPlus,
    twEdge: tracyWidomEdge(N, M, sigma, replicas),
    numSpikes,
    bulkKs,
    mpSoftRank: lambdaMax > lambdaPlus ? lambdaPlus / lambdaMax : 1,
    reason:
      bulkKs <= BULK_KS_LIMIT
        ? null
        : `the bulk does not follow a Marchenko-Pastur law (KS ${bulkKs.toFixed(3)} > ${BULK_KS_LIMIT})`,
  };
}

/** Distance of the bulk to the law of the (N - removed) x (M - removed) noise that is left when `removed` spikes are taken out. */
function bulkDistance(
  bulk: Float64Array,
  { N, replicas }: MatrixShape,
  sigma: number,
  removed: number,
): number {
  const rows = N - removed;
  const Q = Math.max(1, (rows * replicas) / bulk.length);
  const remaining = sigma * Math.sqrt(rows / N);
  let distance = 0;
  for (let i = 0; i < bulk.length; i++) {
    const expected = marchenkoPasturCdf(bulk[i]!, Q, remaining);
    distance = Math.max(distance, expected - i / bulk.length, (i + 1) / bulk.length - expected);
  }
  return distance;
}
