import { largestOf } from '../../base/extremes.ts';
import { fitPowerLaw, type NoPowerLawFit, type PowerLawFit, type PowerLawMode } from './powerLaw.ts';

/**
 * What is done about fingers, single eigenvalues far out that a finite matrix has beyond its tail: `clip_xmax` cuts the largest off where
 * that changes alpha, `xmin_peak` lets the tail begin at the peak of the spectrum. WeightWatcher's names (`fix_fingers`).
 */
export const FINGER_MODES = ['clip_xmax', 'xmin_peak'] as const;
export type FingerMode = (typeof FINGER_MODES)[number];

export interface FingerlessFit {
  fit: PowerLawFit | NoPowerLawFit;
  /** Eigenvalues that were cut off. */
  cut: number;
  /** alpha of the fit without any of this. */
  rawAlpha: number | null;
}

/** WeightWatcher's: two eigenvalues are cut off first, nine at most; a cut must lower alpha by more than 1, and none is tried from 2 down. */
const FIRST_CUT = 2;
const LAST_CUT = 9;
const LEAST_CHANGE = 1;
const LEAST_ALPHA = 2;
/** The peak is the fullest of 100 bins of the logarithms; the tail begins within these factors of it. */
const PEAK_BINS = 100;
const PEAK_RANGE = { from: 0.95, to: 1.5 };

/** Returns the power law of the tail of `evals` (ascending, all positive), as `fitPowerLaw`, with something done about fingers. */
export function fitWithoutFingers(
  evals: Float64Array,
  mode: PowerLawMode,
  fingers: FingerMode,
): FingerlessFit {
  const raw = fitPowerLaw(evals, mode);
  if (raw.alpha === null) return { fit: raw, cut: 0, rawAlpha: null };
  const rawAlpha = raw.alpha;
  if (fingers === 'xmin_peak') {
    const peak = peakOf(evals);
    const range = { from: PEAK_RANGE.from * peak, to: PEAK_RANGE.to * peak };
    return { fit: fitPowerLaw(evals, mode, range), cut: 0, rawAlpha };
  }
  for (let cut = FIRST_CUT; cut <= LAST_CUT && cut < evals.length; cut++) {
    const fit = fitPowerLaw(evals.subarray(0, evals.length - cut), mode);
    if (fit.alpha === null) break;
    if (fit.alpha + LEAST_CHANGE < rawAlpha) return { fit, cut, rawAlpha };
    if (fit.alpha <= LEAST_ALPHA) break;
  }
  return { fit: raw, cut: 0, rawAlpha };
}

/** The lower edge of the fullest bin of the logarithms. */
function peakOf(evals: Float64Array): number {
  const low = Math.log10(evals[0]!);
  const width = (Math.log10(evals[evals.length - 1]!) - low) / PEAK_BINS;
  const counts = new Float64Array(PEAK_BINS);
  for (const value of evals) {
    counts[Math.min(PEAK_BINS - 1, Math.floor((Math.log10(value) - low) / width))]! += 1;
  }
  return 10 ** (low + width * counts.indexOf(largestOf(counts)));
}
