import { median as medianOfAscending } from '../src/base/quantile.ts';

/** Returns the median of values in any order; there must be one at least. */
export function median(values: readonly number[]): number {
  return medianOfAscending([...values].sort((a, b) => a - b));
}

/** Returns the geometric mean of positive numbers; null for none. */
export function geometricMean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
