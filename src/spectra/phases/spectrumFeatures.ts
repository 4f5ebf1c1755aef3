import { fitMarchenkoPastur } from '../laws/fitMarchenkoPastur.ts';
import { johnstone, TW1_QUANTILE_99, tracyWidomQuantile } from '../laws/tracyWidom.ts';
import type { Spectrum } from '../measures/spectrum.ts';
import {
  ABOVE_NULL_MODE_MIN_COUNT,
  ABOVE_NULL_MODE_MIN_SHARE,
  CLIFF_MIN_RANK,
  CLIFF_STRETCH,
  NULL_MODE_MAX_ENERGY,
  NULL_MODE_MIN_SHARE,
} from './thresholds.ts';

/** What the classifier looks at; all of it free of scale. */
export interface SpectrumFeatures {
  N: number;
  M: number;
  /** Share of the eigenvalues that are 0 to the precision of the weights. */
  zeroShare: number;
  /** Factor between a mode near 0 and what stands above it, 1 where there is no such mode. */
  nullModeGap: number;
  /** Share of the eigenvalues in that mode, 0 where there is none. */
  nullModeShare: number;
  /** Share of the eigenvalues below lambda_max / 100: the first of 100 bins. */
  crowdedShare: number;
  /** Largest factor between the eigenvalues of rank k and 2.5 k that is at least that between rank 1 and k; 1 where there is none. */
  cliff: number;
  /** Why there is no bulk to fit, which leaves the features below at those of noise; null where there is one. */
  noBulk: string | null;
  /** How far lambda_max lies above the expected edge, in units of the Tracy-Widom scale; for pooled matrices less what the largest of many gains. */
  outlier: number;
  /** lambda_plus / lambda_max, R_mp. */
  softRank: number;
  numSpikes: number;
  outlierShare: number;
  /** Kolmogorov-Smirnov distance of the bulk to the Marchenko-Pastur law. */
  bulkDistance: number;
}

/** Returns the features of a spectrum, or why they cannot be had. */
export function spectrumFeatures(spectrum: Spectrum): SpectrumFeatures | { reason: string } {
  const { eigenvalues: evals, shape, zero, rank } = spectrum;
  const { N, M } = shape;
  const n = evals.length;
  if (rank === 0) return { reason: 'all eigenvalues are 0' };
  const fit = fitMarchenkoPastur(spectrum);
  const zeroShare = 1 - rank / n;
  const mode = { ...nullMode(evals, zero), ...cliff(evals, zero) };
  if (fit.sigma === null) {
    // Where much of the spectrum is 0 there is no bulk, but there is a verdict.
    if (zeroShare < NULL_MODE_MIN_SHARE) return { reason: fit.reason };
    const noise = { outlier: 0, softRank: 1, numSpikes: 0, outlierShare: 0, bulkDistance: 0 };
    return { N, M, zeroShare, ...mode, noBulk: fit.reason, ...noise };
  }
  const { center, scale } = johnstone(N, M, fit.sigma);
  const gain = shape.replicas === 1 ? 0 : tracyWidomQuantile(0.99 ** (1 / shape.replicas)) - TW1_QUANTILE_99;
  return {
    N,
    M,
    zeroShare,
    ...mode,
    noBulk: null,
    outlier: (evals[n - 1]! - center) / scale - gain,
    softRank: fit.mpSoftRank,
    numSpikes: fit.numSpikes,
    outlierShare: fit.numSpikes / n,
    bulkDistance: fit.bulkKs,
  };
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

function cliff(evals: Float64Array, zero: number): { crowdedShare: number; cliff: number } {
  const n = evals.length;
  const ofRank = (k: number): number => Math.max(evals[n - k]!, zero);
  const largest = ofRank(1);
  let steepest = 1;
  for (let k = CLIFF_MIN_RANK; CLIFF_STRETCH * k <= n / 2; k++) {
    const fall = ofRank(k) / ofRank(Math.round(CLIFF_STRETCH * k));
    if (fall >= largest / ofRank(k)) steepest = Math.max(steepest, fall);
  }
  const first = evals.findIndex((value) => value >= largest / 100);
  return { crowdedShare: first / n, cliff: steepest };
}
