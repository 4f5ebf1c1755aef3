import type { Column, RowOf } from './columns.ts';
import type { PowerLawMode } from './laws/powerLaw.ts';
import { layerSpectrum } from './layerSpectrum.ts';
import type { LinearAlgebra } from './linalg/linearAlgebra.ts';
import type { Spectrum } from './measures/spectrum.ts';
import { type LeadingDirections, leadingDirections, subspaceOverlap } from './singularOverlap.ts';
import { weightChange } from './weightChange.ts';
import { type WeightMatrices, weightSpectra } from './weightSpectra.ts';

/** Columns on what a layer learned between two snapshots of a run, W at `epoch` less W at `since_epoch`. */
// biome-ignore format: a table reads line by line
export const LEARNED_COLUMNS = [
  ['run', 'text', 'run', '', 'id of the run'],
  ['epoch', 'integer', 'epoch', '', 'epoch of the later snapshot'],
  ['layer', 'text', 'layer', '', 'name of the layer'],
  ['since', 'text', 'since', '', '`start`: the first snapshot of the run; `previous`: the one before'],
  ['since_epoch', 'integer', 'since epoch', '', 'epoch of the earlier snapshot'],
  ['change_norm', 'number', 'norm of the change', 'w', 'Frobenius norm of the difference'],
  ['relative_change', 'number | null', 'relative change', '', 'over that of the earlier weights'],
  ['change_lambda_max', 'number', 'lambda_max of the change', 'w²', 'largest eigenvalue of the difference, and so on: the columns of spectra.csv of its own spectrum, with its own fits'],
  ['change_stable_rank', 'number | null', 'stable rank of the change', '', ''],
  ['change_entropy', 'number | null', 'entropy of the change', '', ''],
  ['change_alpha', 'number | null', 'alpha of the change', '', ''],
  ['change_D', 'number | null', 'D of the change', '', ''],
  ['change_xmin', 'number | null', 'xmin of the change', 'w²', ''],
  ['change_num_pl_spikes', 'integer | null', 'tail of the change', '', ''],
  ['change_sigma_mp', 'number | null', 'sigma_mp of the change', 'w', ''],
  ['change_tw_edge', 'number | null', 'Tracy-Widom edge of the change', 'w²', ''],
  ['change_num_spikes', 'integer | null', 'spikes of the change', '', ''],
  ['change_mp_softrank', 'number | null', 'soft rank of the change', '', ''],
  ['change_bulk_ks', 'number | null', 'misfit of the bulk of the change', '', ''],
  ['in_pl_tail', 'number | null', 'share in the tail', '', 'share of the change of the spectrum, sum \\|lambda_i - lambda_i of before\\| by rank, that lies in the num_pl_spikes largest eigenvalues of the later weights'],
  ['in_spikes', 'number | null', 'share in the spikes', '', 'the same of the num_spikes largest'],
  ['top', 'integer', 'directions', '', 'k, the leading singular vectors compared'],
  ['overlap_short', 'number | null', 'overlap, shorter side', '', 'mean squared cosine of the angles between the spaces of the k leading singular vectors, later and earlier weights, on the side of M; of a convolution the mean over its matrices'],
  ['overlap_long', 'number | null', 'overlap, longer side', '', 'on the side of N'],
  ['change_overlap_short', 'number | null', 'overlap with the change, shorter side', '', 'the same of the later weights and the difference: how far their leading directions are what was learned'],
  ['change_overlap_long', 'number | null', 'overlap with the change, longer side', '', 'on the side of N'],
  ['seeds', 'integer', 'seeds', '', 'runs that differ from this one by seed alone and have the snapshot'],
  ['seed_overlap_short', 'number | null', 'overlap between seeds, shorter side', '', 'mean overlap of the later weights with theirs. The outputs of a layer come in another order in every run, its inputs only where the layer below does'],
  ['seed_overlap_long', 'number | null', 'overlap between seeds, longer side', '', 'on the side of N'],
  ['chance_short', 'number', 'overlap by chance, shorter side', '', 'k / M, what two random spaces have'],
  ['chance_long', 'number', 'overlap by chance, longer side', '', 'k / N'],
] as const satisfies readonly Column[];

export type LearnedRow = RowOf<typeof LEARNED_COLUMNS>;

/** A layer at one epoch, with what comparing it needs. */
export interface LayerState {
  weights: WeightMatrices;
  spectrum: Spectrum;
  /** Of each matrix of the layer. */
  directions: readonly LeadingDirections[];
}

/** Returns a layer with its spectrum and its `top` leading singular vectors. */
export function layerState(weights: WeightMatrices, top: number, algebra: LinearAlgebra): LayerState {
  const { matrices, rows, cols } = weights;
  return {
    weights,
    spectrum: weightSpectra([weights], algebra)[0]!,
    directions: matrices.map((W) => leadingDirections({ W, rows, cols }, top, algebra)),
  };
}

/** Returns the mean overlap of the leading directions of two layers of one shape, on both sides; null where one has none. */
export function stateOverlap(a: LayerState, b: LayerState): { short: number | null; long: number | null } {
  const mean = (side: keyof LeadingDirections): number | null => {
    const each = a.directions
      .map((one, i) => subspaceOverlap(one[side], b.directions[i]![side]))
      .filter((overlap) => overlap !== null);
    return each.length === 0 ? null : each.reduce((sum, overlap) => sum + overlap, 0) / each.length;
  };
  return { short: mean('short'), long: mean('long') };
}

/** What a row has without its place and without other seeds. */
export type LearnedChange = Omit<
  LearnedRow,
  'run' | 'epoch' | 'layer' | 'since' | 'since_epoch' | 'seeds' | 'seed_overlap_short' | 'seed_overlap_long'
>;

/** Returns what a layer learned between two states: the spectrum of the difference with its own fits, and how it lies in that of the later one. */
export function learnedChange(
  before: LayerState,
  after: LayerState,
  { fit, top, algebra }: { fit: PowerLawMode; top: number; algebra: LinearAlgebra },
): LearnedChange {
  const { N, M } = after.spectrum.shape;
  const change = layerState(weightChange(before.weights, after.weights), top, algebra);
  const metrics = layerSpectrum(change.spectrum, { fit });
  const later = layerSpectrum(after.spectrum, { fit });
  const [overlap, ofChange] = [stateOverlap(after, before), stateOverlap(after, change)];
  const [norm, normBefore] = [metrics.norm, layerSpectrum(before.spectrum, { fit }).norm].map(Math.sqrt);
  const inTail = (count: number | null) =>
    count === null ? null : tailShareOfChange(before.spectrum, after.spectrum, count);
  return {
    change_norm: norm!,
    relative_change: normBefore! > 0 ? norm! / normBefore! : null,
    change_lambda_max: metrics.lambda_max,
    change_stable_rank: metrics.stable_rank,
    change_entropy: metrics.entropy,
    change_alpha: metrics.alpha,
    change_D: metrics.D,
    change_xmin: metrics.xmin,
    change_num_pl_spikes: metrics.num_pl_spikes,
    change_sigma_mp: metrics.sigma_mp,
    change_tw_edge: metrics.tw_edge,
    change_num_spikes: metrics.num_spikes,
    change_mp_softrank: metrics.mp_softrank,
    change_bulk_ks: metrics.bulk_ks,
    in_pl_tail: inTail(later.num_pl_spikes),
    in_spikes: inTail(later.num_spikes),
    top,
    overlap_short: overlap.short,
    overlap_long: overlap.long,
    change_overlap_short: ofChange.short,
    change_overlap_long: ofChange.long,
    chance_short: Math.min(1, top / M),
    chance_long: Math.min(1, top / N),
  };
}

/**
 * Returns the share of sum |lambda_i(after) - lambda_i(before)|, eigenvalues paired by rank, that the `count` largest have; null where
 * nothing changed.
 */
export function tailShareOfChange(before: Spectrum, after: Spectrum, count: number): number | null {
  const [a, b] = [before.eigenvalues, after.eigenvalues];
  let [tail, whole] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    const change = Math.abs(b[i]! - a[i]!);
    whole += change;
    if (i >= b.length - count) tail += change;
  }
  return whole > 0 ? tail / whole : null;
}
