import { MIN_BULK } from './laws/fitMarchenkoPastur.ts';
import { spikeStrength } from './laws/spikedModel.ts';
import { tracyWidomEdge } from './laws/tracyWidom.ts';
import type { WeightMatrices } from './weightSpectra.ts';

/** What the sizes of single entries say, whatever their places; keys are columns of spectra.csv. */
export interface EntryTail {
  /** Entries that make a spike of their own; null where there are fewer than 8 columns, too few for a bulk. */
  num_entry_spikes: number | null;
  /** Exponent of the tail of the entries; null where they are too few, or too many of them are 0 or of one size. */
  entry_mu: number | null;
}

/** The exponent is read between the sizes that a thousandth of the entries and ten times as many exceed. */
const SHARE = 0.001;
/** In small layers these are more: a handful of outliers is no tail. */
const LEAST = 30;
const FEWEST_ENTRIES = 1000;

/**
 * Returns how many single entries make a spike of their own, and the exponent of their tail. An entry w in noise is a perturbation of
 * rank one with singular value |w|, and from some |w| on its eigenvalue is expected beyond the Tracy-Widom edge. All other entries are
 * the noise, as they are in a permuted copy: these numbers tell a heavy tail of single entries from one of correlations without the
 * eigenvalues of copies.
 */
export function entryTail(weights: WeightMatrices): EntryTail {
  const all = above(weights.matrices, -1);
  const enough = Math.min(weights.rows, weights.cols) >= MIN_BULK;
  return {
    num_entry_spikes: enough ? spikesOfEntries(weights, all) : null,
    entry_mu: tailExponent(weights.matrices, all),
  };
}

function spikesOfEntries({ matrices, rows, cols }: WeightMatrices, all: Above): number {
  const [N, M] = [Math.max(rows, cols), Math.min(rows, cols)];
  const strength = spikeStrength(tracyWidomEdge(N, M, 1, matrices.length), N / M);
  let spikes: Above = { count: 0, energy: 0 };
  for (;;) {
    const noise = Math.max(0, all.energy - spikes.energy) / (all.count - spikes.count);
    const found = above(matrices, strength * Math.sqrt(N * noise));
    if (found.count <= spikes.count) return spikes.count;
    spikes = found;
  }
}

interface Above {
  count: number;
  /** Sum of squares. */
  energy: number;
}

/** Returns the entries larger than `limit`. */
function above(matrices: WeightMatrices['matrices'], limit: number): Above {
  let count = 0;
  let energy = 0;
  for (const W of matrices) {
    // By index: an iterator takes four times as long, and this is most of what a layer costs beside its eigenvalues.
    for (let i = 0; i < W.length; i++) {
      const value = W[i]!;
      if (Math.abs(value) > limit) {
        count++;
        energy += value * value;
      }
    }
  }
  return { count, energy };
}

function tailExponent(matrices: WeightMatrices['matrices'], { count, energy }: Above): number | null {
  if (count < FEWEST_ENTRIES) return null;
  const far = Math.max(LEAST, Math.round(SHARE * count));
  const largest = largestSizes(matrices, 10 * far, Math.sqrt(energy / count));
  const [near, beyond] = [largest[largest.length - 10 * far]!, largest[largest.length - far]!];
  return near > 0 && beyond > near ? Math.log(10) / Math.log(beyond / near) : null;
}

/** Returns the largest |w|, `count` or more of them, ascending; sorting all of them would cost as much as the eigenvalues. */
function largestSizes(matrices: WeightMatrices['matrices'], count: number, rms: number): Float64Array {
  for (const limit of [2 * rms, rms / 4]) {
    const found = above(matrices, limit).count;
    if (found >= count) return sortedSizes(matrices, limit, found);
  }
  return sortedSizes(matrices, -1, above(matrices, -1).count);
}

function sortedSizes(matrices: WeightMatrices['matrices'], limit: number, found: number): Float64Array {
  const sizes = new Float64Array(found);
  let at = 0;
  for (const W of matrices) {
    for (let i = 0; i < W.length; i++) {
      const size = Math.abs(W[i]!);
      if (size > limit) sizes[at++] = size;
    }
  }
  return sizes.sort();
}
