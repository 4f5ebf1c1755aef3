import { selected } from '../base/selection.ts';
import { MIN_BULK } from './laws/fitMarchenkoPastur.ts';
import { erfc } from './laws/specialFunctions.ts';
import { spikeStrength } from './laws/spikedModel.ts';
import { tracyWidomEdge } from './laws/tracyWidom.ts';
import type { EntryPasses, EntrySums } from './linalg/entryPasses.ts';
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
export function entryTail(weights: WeightMatrices, passes: EntryPasses): EntryTail {
  const all = totals(weights, weights.sums ?? passes.entrySums(weights.matrices, Number.POSITIVE_INFINITY));
  const enough = Math.min(weights.rows, weights.cols) >= MIN_BULK;
  return {
    num_entry_spikes: enough ? expectedSpikes(weights, passes, all) : null,
    entry_mu: tailExponent(weights, passes, all),
  };
}

/** Sums of all matrices of a layer: those of EntrySums, and how many entries there are. */
type Totals = Omit<EntrySums, 'nonZero'> & { entries: number };

function totals({ matrices }: WeightMatrices, each: readonly EntrySums[]): Totals {
  const all: Totals = { entries: 0, above: 0, below: 0, fourthPowers: 0, largestSquare: 0 };
  for (const [i, sums] of each.entries()) {
    all.entries += matrices[i]!.length;
    all.above += sums.above;
    all.below += sums.below;
    all.fourthPowers += sums.fourthPowers;
    all.largestSquare = Math.max(all.largestSquare, sums.largestSquare);
  }
  return all;
}

/**
 * Returns the sum, over the entries, of the probability that each has made a spike. What stands beside an entry in its row and its column
 * adds to its energy w^2, in mean and scatter what N + M small entries have beyond the noise; near the critical strength h^2 Q = 1 an
 * outlier fluctuates by 1 / sqrt(1 - 1 / (Q h^2)) times that, as that of a spiked covariance does (Paul, Statist. Sinica 17 (2007) 1617).
 */
function expectedSpikes(weights: WeightMatrices, passes: EntryPasses, all: Totals): number {
  const { rows, cols, matrices } = weights;
  const [N, M] = [Math.max(rows, cols), Math.min(rows, cols)];
  const needed = spikeStrength(tracyWidomEdge(N, M, 1, matrices.length), N / M) ** 2;
  const noise = N * noiseEnergy(weights, passes, all, N * needed);
  const limit = NEARLY * needed * noise;
  if (all.largestSquare <= limit) return 0;
  const energies = passes.sizesAbove(matrices, Math.sqrt(limit)).map((size) => size ** 2 / noise);
  if (noise === 0) return energies.length;
  const { below, fourthPowers } = totals(weights, passes.entrySums(matrices, limit));
  const small = all.entries - energies.length;
  const mean = below / noise - small / N;
  const squares = fourthPowers / noise / noise - (2 * below) / noise / N + small / N ** 2;
  const beside = (N + M) / small;
  const deviation = Math.sqrt((Math.max(0, squares) * beside) / (1 - M / (N * needed ** 2)));
  const probability = (energy: number): number =>
    erfc((needed - energy - mean * beside) / (deviation * Math.SQRT2)) / 2;
  return energies.reduce((total, energy) => total + probability(energy), 0);
}

/** Returns the mean square of the entries but for those of more than `limit` times it. */
function noiseEnergy(weights: WeightMatrices, passes: EntryPasses, all: Totals, limit: number): number {
  let large = 0;
  let energy = all.below;
  for (;;) {
    const noise = energy / (all.entries - large);
    if (all.largestSquare <= limit * noise) return noise;
    const found = totals(weights, passes.entrySums(weights.matrices, limit * noise));
    if (found.above <= large) return noise;
    large = found.above;
    energy = found.below;
  }
}

function tailExponent(
  { matrices }: WeightMatrices,
  passes: EntryPasses,
  { entries, below }: Totals,
): number | null {
  if (entries < FEWEST_ENTRIES) return null;
  const far = Math.max(LEAST, Math.round(SHARE * entries));
  const sizes = largestSizes(matrices, passes, 10 * far, Math.sqrt(below / entries));
  const near = selected(sizes, sizes.length - 10 * far);
  const beyond = selected(sizes.subarray(-10 * far), 9 * far);
  return near > 0 && beyond > near ? Math.log(10) / Math.log(beyond / near) : null;
}

/** Sizes of normal entries are above it often enough. */
const FIRST_LIMIT = 2.4;
/** Below the first limit divided by 2^20 nothing is worth a pass of its own. */
const LIMITS = 20;

/** Returns the largest |w|, `count` or more of them; sorting all of them would cost as much as the eigenvalues. */
function largestSizes(
  matrices: WeightMatrices['matrices'],
  passes: EntryPasses,
  count: number,
  rms: number,
): Float64Array {
  for (let halved = 0; halved < LIMITS; halved++) {
    const sizes = passes.sizesAbove(matrices, (FIRST_LIMIT * rms) / 2 ** halved);
    if (sizes.length >= count) return sizes;
  }
  return passes.sizesAbove(matrices, -1);
}
