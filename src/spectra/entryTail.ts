import { MIN_BULK } from './laws/fitMarchenkoPastur.ts';
import { erfc } from './laws/specialFunctions.ts';
import { spikeStrength } from './laws/spikedModel.ts';
import { tracyWidomEdge } from './laws/tracyWidom.ts';
import type { WeightMatrices } from './weightSpectra.ts';

/** What the sizes of single entries say, whatever their places; keys are columns of spectra.csv. */
export interface EntryTail {
  /** How many spikes are expected of single entries; null where there are fewer than 8 columns, too few for a bulk. */
  num_entry_spikes: number | null;
  /** Exponent of the tail of the entries; null where they are too few, or too many of them are 0 or of one size. */
  entry_mu: number | null;
}

/** The exponent is read between the sizes that a thousandth of the entries and ten times as many exceed. */
const SHARE = 0.001;
/** In small layers these are more: a handful of outliers is no tail. */
const LEAST = 30;
const FEWEST_ENTRIES = 1000;

/** Entries of this share of the energy that a spike takes, and more, are looked at one by one; smaller ones are the noise around them. */
const NEARLY = 0.5;

/**
 * Returns how many spikes are expected of single entries, and the exponent of their tail. An entry w in noise is a perturbation of rank
 * one with singular value |w|, and from some |w| on its eigenvalue is expected beyond the Tracy-Widom edge. All other entries are the
 * noise, as they are in a permuted copy: these numbers tell a heavy tail of single entries from one of correlations without the
 * eigenvalues of copies.
 */
export function entryTail(weights: WeightMatrices): EntryTail {
  const all = above(weights.matrices, -1);
  const enough = Math.min(weights.rows, weights.cols) >= MIN_BULK;
  return {
    num_entry_spikes: enough ? expectedSpikes(weights, all) : null,
    entry_mu: tailExponent(weights.matrices, all),
  };
}

/**
 * Returns the sum, over the entries, of the probability that each has made a spike. What stands beside an entry in its row and its column
 * adds to its energy w^2, in mean and scatter what N + M small entries have beyond the noise; near the critical strength h^2 Q = 1 an
 * outlier fluctuates by 1 / sqrt(1 - 1 / (Q h^2)) times that, as that of a spiked covariance does (Paul, Statist. Sinica 17 (2007) 1617).
 */
function expectedSpikes({ matrices, rows, cols }: WeightMatrices, all: Above): number {
  const [N, M] = [Math.max(rows, cols), Math.min(rows, cols)];
  const needed = spikeStrength(tracyWidomEdge(N, M, 1, matrices.length), N / M) ** 2;
  const noise = N * noiseEnergy(matrices, all, N * needed);
  if (noise === 0) return above(matrices, 0).count;
  const energies: number[] = [];
  let [sum, squares] = [0, 0];
  for (const W of matrices) {
    for (let i = 0; i < W.length; i++) {
      const energy = (W[i]! * W[i]!) / noise;
      if (energy > NEARLY * needed) energies.push(energy);
      else {
        sum += energy - 1 / N;
        squares += (energy - 1 / N) ** 2;
      }
    }
  }
  const beside = (N + M) / (all.count - energies.length);
  const deviation = Math.sqrt((squares * beside) / (1 - M / (N * needed ** 2)));
  const probability = (energy: number): number =>
    erfc((needed - energy - sum * beside) / (deviation * Math.SQRT2)) / 2;
  return energies.reduce((total, energy) => total + probability(energy), 0);
}

/** Returns the mean square of the entries but for those of more than `limit` times it. */
function noiseEnergy(matrices: WeightMatrices['matrices'], all: Above, limit: number): number {
  let large: Above = { count: 0, energy: 0 };
  for (;;) {
    const noise = Math.max(0, all.energy - large.energy) / (all.count - large.count);
    const found = above(matrices, Math.sqrt(limit * noise));
    if (found.count <= large.count) return noise;
    large = found;
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
