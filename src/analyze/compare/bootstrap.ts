import { quantile } from '../../base/quantile.ts';
import type { RandomStream } from '../../base/random/stream.ts';
import { type CorrelationKind, correlate } from './correlation.ts';

export interface Interval {
  low: number;
  high: number;
}

/** Fewer resamples with a coefficient than this share of all: the pairs are too few or too tied for an interval. */
const MIN_DEFINED = 0.9;

/** Coefficients that differ by less are the same. */
const ROUNDING = 1e-12;

/**
 * Returns the percentile bootstrap interval of a correlation: `resamples` draws of n pairs with replacement, the central
 * `level` of their coefficients. Null where the coefficient is undefined in more than a tenth of them (constant x or y), and where all
 * are the same: pairs in perfect order stay so in every draw, which tells nothing of how far the order would hold.
 */
export function bootstrapInterval(
  kind: CorrelationKind,
  x: Float64Array,
  y: Float64Array,
  stream: RandomStream,
  { resamples, level }: { resamples: number; level: number },
): Interval | null {
  if (correlate(kind, x, y) === null) return null;
  const n = x.length;
  const [drawnX, drawnY] = [new Float64Array(n), new Float64Array(n)];
  const found: number[] = [];
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < n; i++) {
      const pick = stream.below(n);
      drawnX[i] = x[pick]!;
      drawnY[i] = y[pick]!;
    }
    const value = correlate(kind, drawnX, drawnY);
    if (value !== null) found.push(value);
  }
  if (found.length === 0 || found.length < MIN_DEFINED * resamples) return null;
  found.sort((a, b) => a - b);
  const interval = { low: quantile(found, (1 - level) / 2), high: quantile(found, (1 + level) / 2) };
  return interval.high - interval.low < ROUNDING ? null : interval;
}
