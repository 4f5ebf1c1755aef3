import type { SpectrumRow } from '../src/spectra/spectrumRow.ts';

/** A row of WeightWatcher's details. */
export type WeightWatcherRow = Readonly<Record<string, string | number | boolean | null>>;

/** Largest difference over the layers that a column may have, relative to WeightWatcher's value; 0: equal. */
export const PARITY_TOLERANCES: Readonly<Record<string, number>> = {
  N: 0,
  M: 0,
  Q: 0,
  num_evals: 0,
  norm: 1e-8,
  log_norm: 1e-8,
  spectral_norm: 1e-9,
  log_spectral_norm: 1e-8,
  lambda_max: 1e-9,
  stable_rank: 1e-8,
  matrix_rank: 0,
  rank_loss: 0,
  weak_rank_loss: 0,
  sv_max: 1e-9,
  entropy: 1e-6, // WeightWatcher adds 1e-10 to each of the M shares

  alpha: 1e-8,
  alpha_weighted: 1e-8,
  log_alpha_norm: 1e-8,
  D: 1e-8,
  xmin: 1e-8,
  xmax: 1e-8,
  sigma: 1e-8,
  num_pl_spikes: 0,
};

/** The same for `fix_fingers: clip_xmax`; WeightWatcher counts one finger less than it cuts, and the fingers to the tail. */
export const FINGER_TOLERANCES: Readonly<Record<string, number>> = {
  alpha: 1e-8,
  raw_alpha: 1e-8,
  D: 1e-8,
  xmin: 1e-8,
  xmax: 1e-8,
  sigma: 1e-8,
};

/** Columns of the same name that are found in another way on purpose; docs/reference/metrics.md says how. */
export const OTHER_BY_DESIGN = [
  ...['bulk', 'tail'].flatMap((part) =>
    ['vec_entropy', 'loc_ratio', 'part_ratio'].flatMap((name) => [
      `${part}_mean_${name}`,
      `${part}_var_${name}`,
    ]),
  ),
  'sv_min',
  'sigma_mp',
  'num_spikes',
  'mp_softrank',
] as const;

export interface ColumnDifference {
  column: string;
  /** Largest relative difference; null when a value is missing on one side only. */
  difference: number | null;
  layer: string;
  phasewatch: number | null;
  weightwatcher: number | null;
  /** null for a column that differs by design. */
  tolerance: number | null;
}

/**
 * Returns for each column the layer where the two differ most, relative to WeightWatcher's value (to 1 where that is 0). Layers are
 * matched by position. Throws RangeError when the numbers of layers differ.
 */
export function compareDetails(
  ours: readonly { layer: string; row: SpectrumRow }[],
  theirs: readonly WeightWatcherRow[],
  tolerances: Readonly<Record<string, number>> = PARITY_TOLERANCES,
  byDesign: readonly string[] = OTHER_BY_DESIGN,
): ColumnDifference[] {
  if (ours.length !== theirs.length) {
    throw new RangeError(`WeightWatcher must give ${ours.length} layers, got ${theirs.length}`);
  }
  const columns = [...Object.keys(tolerances), ...byDesign];
  return columns.map((column) => {
    const found = ours.map(({ layer, row }, i): ColumnDifference => {
      const phasewatch = numberOrNull(row[column]);
      const weightwatcher = numberOrNull(theirs[i]![column]);
      return {
        column,
        layer,
        phasewatch,
        weightwatcher,
        difference: relativeDifference(phasewatch, weightwatcher),
        tolerance: tolerances[column] ?? null,
      };
    });
    return found.reduce((worst, next) => (exceeds(next, worst) ? next : worst));
  });
}

/** Returns whether a column is as close as it must be; always true for one that differs by design. */
export function withinTolerance({ difference, tolerance }: ColumnDifference): boolean {
  return tolerance === null || (difference !== null && difference <= tolerance);
}

function exceeds(a: ColumnDifference, b: ColumnDifference): boolean {
  if (a.difference === null || b.difference === null) return a.difference === null && b.difference !== null;
  return a.difference > b.difference;
}

function relativeDifference(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a === b ? 0 : null;
  return Math.abs(a - b) / (b === 0 ? 1 : Math.abs(b));
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
