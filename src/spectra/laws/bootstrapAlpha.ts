import { quantile } from '../../base/quantile.ts';
import type { RandomStream } from '../../base/random/stream.ts';
import type { Spectrum } from '../measures/spectrum.ts';
import { fitPowerLaw, type PowerLawMode } from './powerLaw.ts';

/** A percentile interval. */
export interface AlphaInterval {
  low: number;
  high: number;
  /** Resamples that could be fitted, of those asked for. */
  resamples: number;
}

/** Share of the resampled alphas within the interval. */
const INTERVAL_LEVEL = 0.95;

/**
 * Returns the 95 % percentile interval of alpha over `resamples` spectra drawn with replacement from the eigenvalues that are not 0,
 * xmin searched anew in each; null where none could be fitted. Eigenvalues of one matrix repel each other, so the interval is an
 * upper estimate of what repeating the draw of the matrix would give in the bulk, and a fair one in the tail.
 */
export function bootstrapAlpha(
  { positive: evals }: Spectrum,
  mode: PowerLawMode,
  resamples: number,
  stream: RandomStream,
): AlphaInterval | null {
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new RangeError(`resamples must be a positive integer, got ${resamples}`);
  }
  if (evals.length === 0) return null;
  const alphas: number[] = [];
  for (let i = 0; i < resamples; i++) {
    const drawn = evals.map(() => evals[stream.below(evals.length)]!).sort();
    const fit = fitPowerLaw(drawn, mode);
    if (fit.alpha !== null) alphas.push(fit.alpha);
  }
  if (alphas.length === 0) return null;
  alphas.sort((a, b) => a - b);
  const side = (1 - INTERVAL_LEVEL) / 2;
  return { low: quantile(alphas, side), high: quantile(alphas, 1 - side), resamples: alphas.length };
}
