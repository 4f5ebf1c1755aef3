/** How spread out a unit vector is. */
export interface VectorLocalization {
  /** |v|_1 / |v|_inf: the number of entries it would have if they were all equal. */
  localizationRatio: number;
  /** |v|_2 / |v|_4: n^(1/4) for equal entries, (n/3)^(1/4) for a normal vector. */
  participationRatio: number;
  /** Entropy (nats) of the histogram of the entries in 100 equal bins over their own range. */
  entropy: number;
}

const ENTROPY_BINS = 100; // as the authors

/** Returns the three measures of Martin and Mahoney for a vector that is not 0. */
export function vectorLocalization(v: Float64Array): VectorLocalization {
  let sum1 = 0;
  let sum2 = 0;
  let sum4 = 0;
  let largest = 0;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const x of v) {
    const size = Math.abs(x);
    sum1 += size;
    sum2 += x * x;
    sum4 += x ** 4;
    largest = Math.max(largest, size);
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  if (!(largest > 0)) throw new RangeError('vector must not be 0');
  const counts = new Float64Array(ENTROPY_BINS);
  const width = (high - low) / ENTROPY_BINS;
  for (const x of v) {
    counts[width === 0 ? 0 : Math.min(ENTROPY_BINS - 1, Math.floor((x - low) / width))]! += 1;
  }
  let entropy = 0;
  for (const count of counts) {
    if (count > 0) entropy -= (count / v.length) * Math.log(count / v.length);
  }
  return {
    localizationRatio: sum1 / largest,
    participationRatio: Math.sqrt(sum2) / sum4 ** 0.25,
    entropy,
  };
}

/**
 * Returns WeightWatcher's discrete entropy (nats): that of the sizes of the entries, |v|, in 100 equal bins over their range, with 1e-10
 * added to the density of each bin.
 */
export function discreteEntropy(v: Float64Array): number {
  const sizes = v.map(Math.abs);
  const low = sizes.reduce((least, x) => Math.min(least, x), Number.POSITIVE_INFINITY);
  const high = sizes.reduce((most, x) => Math.max(most, x), 0);
  // As numpy has it where all are equal.
  const width = high > low ? (high - low) / ENTROPY_BINS : 1 / ENTROPY_BINS;
  const counts = new Float64Array(ENTROPY_BINS);
  for (const x of sizes) {
    const bin = high > low ? Math.floor((x - low) / width) : ENTROPY_BINS / 2;
    counts[Math.min(ENTROPY_BINS - 1, bin)]! += 1;
  }
  const densities = counts.map((count) => count / (v.length * width) + EMPTY_BIN);
  const total = densities.reduce((sum, density) => sum + density, 0);
  return densities.reduce((entropy, density) => entropy - (density / total) * Math.log(density / total), 0);
}

const EMPTY_BIN = 1e-10;

/** Means over the vectors of the bulk and of the spikes; null where there are none. */
export interface LayerLocalization {
  bulk: VectorLocalization | null;
  spikes: VectorLocalization | null;
}

/**
 * Returns the mean localization of the eigenvectors of the `numSpikes` largest eigenvalues and of all others. `vectors`: unit
 * eigenvectors of the smaller Gram matrix, of one layer's matrices together, in the order of ascending eigenvalues.
 */
export function layerLocalization(vectors: readonly Float64Array[], numSpikes: number): LayerLocalization {
  const count = vectors.length;
  if (!(numSpikes >= 0 && numSpikes <= count)) {
    throw new RangeError(`numSpikes must be in 0..${count}, got ${numSpikes}`);
  }
  const mean = (part: readonly Float64Array[]): VectorLocalization | null => {
    if (part.length === 0) return null;
    const total = { localizationRatio: 0, participationRatio: 0, entropy: 0 };
    for (const vector of part) {
      const one = vectorLocalization(vector);
      for (const key of Object.keys(total) as (keyof VectorLocalization)[]) {
        total[key] += one[key] / part.length;
      }
    }
    return total;
  };
  return { bulk: mean(vectors.slice(0, count - numSpikes)), spikes: mean(vectors.slice(count - numSpikes)) };
}
