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
 * other, so the distance of a pure noise bulk is about 1/M (below .02 for M >= 64), far below the 1/sqrt(M) of independent draws.
 */
export const BULK_KS_LIMIT = 0.1;

/** How sigma was found: by the iterated clip of this project, or by the authors' rule from a given number of spikes. */
export type MarchenkoPasturMode = 'robust' | 'edge';

export interface MarchenkoPasturFit {
  mode: MarchenkoPasturMode;
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
  /** Whether the bulk follows the law at all (`bulkKs` up to BULK_KS_LIMIT); if not, `reason` says so and the numbers only describe. */
  fits: boolean;
  reason: string | null;
}

/** No law could be fitted; `reason` says why. */
export interface NoMarchenkoPasturFit {
  mode: MarchenkoPasturMode;
  sigma: null;
  reason: string;
}

/**
 * Returns the Marchenko-Pastur law of the noise bulk of a spectrum of W^T W (no 1/N): `evals` ascending, all M of them, W of N x M
 * with N >= M.
 * Mode robust: sigma starts from the median of the eigenvalues that are not 0; then, until nothing changes, eigenvalues above the Tracy-Widom 99 %
 * edge are taken for spikes and sigma is that of the remaining energy. Taking k strong spikes out of N x M noise leaves
 * (N - k)(M - k) degrees of freedom, so sigma^2 = N sum(bulk) / ((N - k)(M - k)).
 * Mode edge (Martin and Mahoney's rule, needs `numSpikes`): the k largest are dropped, and the law ends at the largest of the
 * rest: sigma^2 = max(rest) / (1 + Q^-1/2)^2.
 */
export function fitMarchenkoPastur(
  evals: Float64Array,
  N: number,
  options: { mode: 'robust' } | { mode: 'edge'; numSpikes: number } = { mode: 'robust' },
): MarchenkoPasturFit | NoMarchenkoPasturFit {
  const M = evals.length;
  if (!(N >= M)) throw new RangeError(`N must be at least the number of eigenvalues ${M}, got ${N}`);
  const refuse = (reason: string): NoMarchenkoPasturFit => ({ mode: options.mode, sigma: null, reason });
  if (M < MIN_BULK) return refuse(`a bulk needs ${MIN_BULK} eigenvalues or more, got ${M}`);
  if (options.mode === 'robust') {
    const clipped = clippedSigma(evals, N);
    if (typeof clipped === 'string') return refuse(clipped);
    return describe('robust', evals, N, clipped.sigma, clipped.numSpikes);
  }
  const { numSpikes } = options;
  if (!Number.isInteger(numSpikes) || numSpikes < 0 || numSpikes > M - MIN_BULK) {
    throw new RangeError(`numSpikes must be an integer in 0..${M - MIN_BULK}, got ${numSpikes}`);
  }
  const edge = evals[M - numSpikes - 1]!;
  if (!(edge > 0)) return refuse(`no positive eigenvalue is left after ${numSpikes} spikes`);
  return describe('edge', evals, N, sigmaOfEdge(edge, N / M), numSpikes);
}

function clippedSigma(evals: Float64Array, N: number): { sigma: number; numSpikes: number } | string {
  const M = evals.length;
  // Below the accuracy of the spectrum an eigenvalue is 0, and zeros say nothing of the scale of the bulk.
  const zero = evals[M - 1]! * N * Number.EPSILON;
  const positive = evals.subarray(evals.findIndex((value) => value > zero));
  if (!(evals[M - 1]! > 0)) return 'all eigenvalues are 0';
  const middle = positive.length >> 1;
  const median =
    positive.length % 2 === 1 ? positive[middle]! : (positive[middle - 1]! + positive[middle]!) / 2;
  const sums = new Float64Array(M + 1);
  for (let i = 0; i < M; i++) sums[i + 1] = sums[i]! + evals[i]!;

  let sigma = Math.sqrt(median / marchenkoPasturQuantile(0.5, N / M, 1));
  const seen = new Map<number, number>();
  for (;;) {
    const edge = tracyWidomEdge(N, M, sigma);
    let bulk = M;
    while (bulk > 0 && evals[bulk - 1]! > edge) bulk--;
    const numSpikes = M - bulk;
    if (bulk < MIN_BULK) return `fewer than ${MIN_BULK} eigenvalues lie within a bulk`;
    const energy = (N * sums[bulk]!) / ((N - numSpikes) * bulk);
    if (!(energy > zero)) return 'the eigenvalues below the edge are all 0';
    sigma = Math.sqrt(energy);
    // Settled, or going round between two counts: sigma is that of the count seen last.
    if (seen.has(numSpikes)) {
      return { sigma, numSpikes: countAbove(evals, tracyWidomEdge(N, M, sigma)) };
    }
    seen.set(numSpikes, sigma);
  }
}

function countAbove(evals: Float64Array, edge: number): number {
  let count = 0;
  while (count < evals.length && evals[evals.length - 1 - count]! > edge) count++;
  return count;
}

function describe(
  mode: MarchenkoPasturMode,
  evals: Float64Array,
  N: number,
  sigma: number,
  numSpikes: number,
): MarchenkoPasturFit {
  const M = evals.length;
  const lambdaMax = evals[M - 1]!;
  const { lambdaMinus, lambdaPlus } = marchenkoPasturEdges(N / M, sigma);
  const bulkKs = bulkDistance(evals.subarray(0, M - numSpikes), N, sigma, mode === 'robust' ? numSpikes : 0);
  const fits = bulkKs <= BULK_KS_LIMIT;
  return {
    mode,
    sigma,
    lambdaMinus,
    lambdaPlus,
    twEdge: tracyWidomEdge(N, M, sigma),
    numSpikes,
    bulkKs,
    mpSoftRank: lambdaMax > lambdaPlus ? lambdaPlus / lambdaMax : 1,
    fits,
    reason: fits
      ? null
      : `the bulk does not follow a Marchenko-Pastur law (KS ${bulkKs.toFixed(3)} > ${BULK_KS_LIMIT})`,
  };
}

/** Distance of the bulk to the law of the (N - removed) x bulk.length noise that is left when `removed` spikes are taken out. */
function bulkDistance(bulk: Float64Array, N: number, sigma: number, removed: number): number {
  const rows = N - removed;
  const Q = rows / bulk.length;
  const remaining = sigma * Math.sqrt(rows / N);
  let distance = 0;
  for (let i = 0; i < bulk.length; i++) {
    const expected = marchenkoPasturCdf(bulk[i]!, Math.max(1, Q), remaining);
    distance = Math.max(distance, expected - i / bulk.length, (i + 1) / bulk.length - expected);
  }
  return distance;
}
