import { fitMarchenkoPastur } from '../laws/fitMarchenkoPastur.ts';
import { fitPowerLaw } from '../laws/powerLaw.ts';
import { johnstone, TW1_QUANTILE_99, tracyWidomQuantile } from '../laws/tracyWidom.ts';
import type { Spectrum } from '../measures/spectrum.ts';
import { sum } from '../measures/sum.ts';
import {
  ABOVE_NULL_MODE_MIN_COUNT,
  ABOVE_NULL_MODE_MIN_SHARE,
  CLIFF_MIN_RANK,
  CLIFF_STRETCH,
  NEAR_EDGE,
  NULL_MODE_MAX_ENERGY,
  NULL_MODE_MIN_SHARE,
  THRESHOLDS,
} from './thresholds.ts';

/** What the classifier looks at; all of it free of scale but `sigma`. */
export interface SpectrumFeatures {
  N: number;
  M: number;
  /** How many matrices the eigenvalues come from. */
  replicas: number;
  /** Share of the eigenvalues that are 0 to the precision of the weights. */
  zeroShare: number;
  /** The same, less what rounding hides of a spectrum that goes on to 0 as it comes. */
  zeroExcess: number;
  /** Factor between a mode near 0 and what stands above it, 1 where there is no such mode. */
  nullModeGap: number;
  /** Share of the eigenvalues in that mode, 0 where there is none. */
  nullModeShare: number;
  /** Share of the eigenvalues below lambda_max / 100: the first of 100 bins. */
  crowdedShare: number;
  /**
   * Factor between the eigenvalues of rank k and 2.5 k that is at least that between rank 1 and k, where it is most over its limit; 1 where
   * there is none.
   */
  cliff: number;
  /** The limit of that factor: what heavy tails reach there by chance counted in. */
  cliffLimit: number;
  /** Why there is no bulk to fit, which leaves the features below at those of noise; null where there is one. */
  noBulk: string | null;
  /** sigma_mp, null where there is no bulk. */
  sigma: number | null;
  /** How far lambda_max lies above the expected edge, in units of the Tracy-Widom scale; for pooled matrices less what the largest of many gains. */
  outlier: number;
  /** lambda_plus / lambda_max, R_mp. */
  softRank: number;
  numSpikes: number;
  outlierShare: number;
  /** Those of the spikes that lie near the edge. */
  nearSpikes: number;
  /** Kolmogorov-Smirnov distance of the bulk to the Marchenko-Pastur law. */
  bulkDistance: number;
  /** Eigenvalues of that bulk. */
  bulkSize: number;
  /** Root mean square of its entries over that of all entries, sigma_mp sqrt(M) / |W|_F. */
  bulkWidth: number;
  /** The power law of the tail; null where there is none to speak of. */
  powerLaw: { alpha: number; D: number; tail: number } | null;
}

/** Returns the features of a spectrum, or why they cannot be had. */
export function spectrumFeatures(spectrum: Spectrum): SpectrumFeatures | { reason: string } {
  const { eigenvalues: evals, shape, zero, rank } = spectrum;
  const { N, M, replicas } = shape;
  const n = evals.length;
  if (rank === 0) return { reason: 'all eigenvalues are 0' };
  const fit = fitMarchenkoPastur(spectrum);
  const zeroShare = 1 - rank / n;
  const zeroExcess = Math.max(0, zeroShare - hiddenByRounding(spectrum));
  const known = { N, M, replicas, zeroShare, zeroExcess, ...nullMode(evals, zero), ...cliff(evals, zero) };
  if (fit.sigma === null) {
    // Where much of the spectrum is 0 there is no bulk, but there is a verdict.
    if (zeroExcess < NULL_MODE_MIN_SHARE) return { reason: fit.reason };
    return { ...known, noBulk: fit.reason, sigma: null, ...NOISE };
  }
  const { center, scale } = johnstone(N, M, fit.sigma);
  const gain = replicas === 1 ? 0 : tracyWidomQuantile(0.99 ** (1 / replicas)) - TW1_QUANTILE_99;
  const far = evals.findIndex((value) => value > NEAR_EDGE * fit.lambdaPlus);
  return {
    ...known,
    noBulk: null,
    sigma: fit.sigma,
    outlier: (evals[n - 1]! - center) / scale - gain,
    softRank: fit.mpSoftRank,
    numSpikes: fit.numSpikes,
    outlierShare: fit.numSpikes / n,
    nearSpikes: fit.numSpikes - (far === -1 ? 0 : n - far),
    bulkDistance: fit.bulkKs,
    bulkSize: n - fit.numSpikes,
    bulkWidth: fit.sigma * Math.sqrt(n / sum(evals)),
    powerLaw: fit.mpSoftRank < TAIL_BELOW ? powerLaw(spectrum) : null,
  };
}

/**
 * Returns the share of the eigenvalues that lie below the limit of 0 where the spectrum goes on to 0 as it comes. Between once and twice
 * the limit, in singular values, square noise has as many as below it, between twice and four times twice as many, and again in the
 * octave after that. Where these rise by less, as of heavy-tailed entries and of products, more lie below: of a geometric series its
 * sum, and where they do not rise at all, the limit lies in the midst of the spectrum, and says nothing of a mode. Shares that are no
 * visible bar say little of a slope, which is then that of noise. A number that is reckoned from so few is known to its root.
 */
function hiddenByRounding({ eigenvalues, zero }: Spectrum): number {
  const n = eigenvalues.length;
  const share = (low: number, high: number): number =>
    eigenvalues.filter((value) => value > low * zero && value <= high * zero).length / n;
  const [next, second, third] = [share(1, 4), share(4, 16), share(16, 64)];
  const { at: visible } = THRESHOLDS.rankLoss;
  const rise = Math.min(2, (second + third + 2 * visible) / (next + second + visible));
  if (rise <= 1) return 1;
  const hidden = next / (rise - 1);
  return hidden + Math.sqrt(hidden / n);
}

const NOISE = {
  outlier: 0,
  softRank: 1,
  numSpikes: 0,
  outlierShare: 0,
  nearSpikes: 0,
  bulkDistance: 0,
  bulkSize: 0,
  bulkWidth: 0,
  powerLaw: null,
};

/** R_mp above which no tail is looked for: the belief in a heavy one is below 0.01 whatever it is. */
const TAIL_BELOW = 0.64;

function powerLaw({ positive }: Spectrum): SpectrumFeatures['powerLaw'] {
  const law = fitPowerLaw(positive, 'paper');
  return law.alpha === null ? null : { alpha: law.alpha, D: law.D, tail: law.tail };
}

/** Looks for the widest gap between neighbours below which a good part of the spectrum lies that carries next to nothing. */
function nullMode(evals: Float64Array, zero: number): { nullModeGap: number; nullModeShare: number } {
  const n = evals.length;
  const first = Math.max(1, Math.ceil(NULL_MODE_MIN_SHARE * n));
  const last = n - Math.max(ABOVE_NULL_MODE_MIN_COUNT, Math.ceil(ABOVE_NULL_MODE_MIN_SHARE * n));
  const energy = evals.reduce((total, value) => total + value, 0);
  let below = 0;
  for (let i = 0; i < first; i++) below += evals[i]!;
  let nullModeGap = 1;
  let nullModeShare = 0;
  for (let i = first; i <= last && below <= NULL_MODE_MAX_ENERGY * energy; i++) {
    const gap = evals[i]! / Math.max(evals[i - 1]!, zero);
    if (gap > nullModeGap) {
      nullModeGap = gap;
      nullModeShare = i / n;
    }
    below += evals[i]!;
  }
  return { nullModeGap, nullModeShare };
}

function cliff(
  evals: Float64Array,
  zero: number,
): Pick<SpectrumFeatures, 'crowdedShare' | 'cliff' | 'cliffLimit'> {
  const n = evals.length;
  const ofRank = (k: number): number => Math.max(evals[n - k]!, zero);
  const largest = ofRank(1);
  let found = { cliff: 1, cliffLimit: THRESHOLDS.cliff.at as number };
  for (let k = CLIFF_MIN_RANK; CLIFF_STRETCH * k <= n / 2; k++) {
    const fall = ofRank(k) / ofRank(Math.round(CLIFF_STRETCH * k));
    const limit = THRESHOLDS.cliff.at * chanceOfFall(k);
    if (fall >= largest / ofRank(k) && fall / limit > found.cliff / found.cliffLimit) {
      found = { cliff: fall, cliffLimit: limit };
    }
  }
  const first = evals.findIndex((value) => value >= largest / 100);
  return { crowdedShare: first / n, ...found };
}

/**
 * Returns by how much more than expected a heavy tail falls between rank k and 2.5 k one time in forty. By Renyi's representation of order
 * statistics the logarithm of that fall is a sum of exponentials over j = k ... 2.5 k, each of mean slope / j.
 */
function chanceOfFall(k: number): number {
  const slope = Math.log(THRESHOLDS.cliff.at) / Math.log(CLIFF_STRETCH);
  return Math.exp(2 * slope * Math.sqrt((1 - 1 / CLIFF_STRETCH) / k));
}
