/** The authors' number of bins. */
const BINS = 100;

/** A bin of a histogram. */
export interface EvenBin {
  from: number;
  to: number;
  count: number;
  density: number;
}

/** Returns the histogram of values from 0 to `end`, none where that is 0. Densities are of all values; their area is 1. */
export function evenBins(values: Float64Array, end: number): EvenBin[] {
  if (!(end > 0)) return [];
  const width = end / BINS;
  const counts = new Uint32Array(BINS);
  for (const value of values) counts[Math.max(0, Math.min(BINS - 1, Math.floor(value / width)))]!++;
  return Array.from(counts, (count, i) => ({
    from: i * width,
    to: (i + 1) * width,
    count,
    density: count / values.length / width,
  }));
}
