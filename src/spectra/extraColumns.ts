import type { RandomStream } from '../base/random/stream.ts';
import { fixedAspectEigenvalues, type SubmatrixShape } from './fixedAspect.ts';
import { bootstrapAlpha } from './laws/bootstrapAlpha.ts';
import { fitPowerLaw, type PowerLawMode } from './laws/powerLaw.ts';
import { compareTails, TAIL_TYPES } from './laws/tailAlternatives.ts';
import { muOfAlpha } from './laws/tailExponents.ts';
import type { LinearAlgebra } from './linalg/linearAlgebra.ts';
import { detX } from './measures/detX.ts';
import { layerLocalization, type VectorLocalization } from './measures/localization.ts';
import type { Spectrum } from './measures/spectrum.ts';
import type { SpectrumRow } from './spectrumRow.ts';

/**
 * Columns of spectra.csv beyond the fixed ones, each group by its own function (docs/metrics.md defines every one). All values that
 * cannot be had are null; why stands in the `notes` of the row for alpha and sigma_mp, on which they rest.
 */
export type ExtraColumns = Record<string, number | string | null>;

type Fitted = Pick<SpectrumRow, 'alpha' | 'xmin' | 'num_pl_spikes'>;

/** Returns mu_alpha, the detX columns and WeightWatcher's names for them. */
export function detXColumns(spectrum: Spectrum, { alpha, num_pl_spikes }: Fitted): ExtraColumns {
  const tail = detX(spectrum);
  return {
    detX_num: tail?.count ?? null,
    detX_val: tail?.value ?? null,
    num_ERG_spikes: tail?.count ?? null,
    ERG_gap: tail === null || num_pl_spikes === null ? null : tail.count - num_pl_spikes,
    mu_alpha: alpha === null ? null : muOfAlpha(alpha),
  };
}

/** Returns best_type and, for every alternative law, R_*, p_* (Vuong's normalized ratio of power law to alternative and its p-value). */
export function tailTypeColumns({ positive }: Spectrum, { alpha, xmin }: Fitted): ExtraColumns {
  const alternatives = TAIL_TYPES.filter((type) => type !== 'PL');
  const comparison =
    alpha === null || xmin === null
      ? null
      : compareTails(
          positive.filter((value) => value >= xmin),
          alpha,
        );
  return {
    best_type: comparison?.best ?? null,
    ...Object.fromEntries(
      alternatives.flatMap((type) => [
        [`R_${type}`, comparison?.ratios[type].ratio ?? null],
        [`p_${type}`, comparison?.ratios[type].p ?? null],
      ]),
    ),
  };
}

/** Returns alpha_low, alpha_high (95 % bootstrap interval) and bootstrap_resamples, the resamples that could be fitted. */
export function bootstrapColumns(
  spectrum: Spectrum,
  { fit, resamples }: { fit: PowerLawMode; resamples: number },
  stream: RandomStream,
): ExtraColumns {
  const interval = bootstrapAlpha(spectrum, fit, resamples, stream);
  return {
    alpha_low: interval?.low ?? null,
    alpha_high: interval?.high ?? null,
    bootstrap_resamples: interval?.resamples ?? 0,
  };
}

/**
 * Returns localization_ratio_*, participation_ratio_*, vector_entropy_* of bulk and spikes (means) over the eigenvectors of all
 * matrices of a layer, row-major rows x cols each; the spikes are the `numSpikes` largest eigenvalues of all together.
 */
export function localizationColumns(
  matrices: readonly (Float32Array | Float64Array)[],
  rows: number,
  cols: number,
  numSpikes: number | null,
  algebra: LinearAlgebra,
): ExtraColumns {
  const pairs = matrices.flatMap((W) => {
    const { eigenvalues, vectors } = algebra.eigenvectors(W, rows, cols);
    const n = eigenvalues.length;
    return Array.from(eigenvalues, (value, i) => ({ value, vector: vectors.subarray(i * n, (i + 1) * n) }));
  });
  pairs.sort((a, b) => a.value - b.value);
  const { bulk, spikes } = layerLocalization(
    pairs.map(({ vector }) => vector),
    numSpikes ?? 0,
  );
  const columns = (part: 'bulk' | 'spikes', mean: VectorLocalization | null): ExtraColumns => ({
    [`localization_ratio_${part}`]: mean?.localizationRatio ?? null,
    [`participation_ratio_${part}`]: mean?.participationRatio ?? null,
    [`vector_entropy_${part}`]: mean?.entropy ?? null,
  });
  return { ...columns('bulk', bulk), ...columns('spikes', spikes) };
}

/** Returns farms_alpha (Hill, from the median of the pooled eigenvalues on), farms_aspect and farms_columns. */
export function fixedAspectColumns(
  W: Float32Array | Float64Array,
  rows: number,
  cols: number,
  shape: SubmatrixShape,
  algebra: LinearAlgebra,
): ExtraColumns {
  const pooled = fixedAspectEigenvalues(W, rows, cols, shape, algebra);
  const largest = pooled[pooled.length - 1]!;
  const positive = pooled.filter((value) => value > shape.aspect * shape.columns * Number.EPSILON * largest);
  return {
    farms_alpha: fitPowerLaw(positive, 'hill').alpha,
    farms_aspect: shape.aspect,
    farms_columns: shape.columns,
  };
}
