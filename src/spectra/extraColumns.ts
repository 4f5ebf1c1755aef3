import type { RandomStream } from '../base/random/stream.ts';
import type { OPTION_COLUMNS, RowOf } from './columns.ts';
import { fixedAspectEigenvalues, type SubmatrixShape } from './fixedAspect.ts';
import { bootstrapAlpha } from './laws/bootstrapAlpha.ts';
import { fitPowerLaw, type PowerLawMode } from './laws/powerLaw.ts';
import { compareTails } from './laws/tailAlternatives.ts';
import type { LinearAlgebra } from './linalg/linearAlgebra.ts';
import { discreteEntropy, layerLocalization, vectorLocalization } from './measures/localization.ts';
import type { Spectrum } from './measures/spectrum.ts';
import type { SpectrumRow } from './spectrumRow.ts';

/**
 * Columns of spectra.csv that an option adds, each group by its own function. All values that cannot be had are null; why stands in the
 * `notes` of the row for alpha and sigma_mp, on which they rest.
 */
type ColumnsOf<Option extends keyof typeof OPTION_COLUMNS> = RowOf<(typeof OPTION_COLUMNS)[Option]>;

type Fitted = Pick<SpectrumRow, 'alpha' | 'xmin'>;

/** Returns best_type and, for every alternative law, R_*, p_* (Vuong's normalized ratio of power law to alternative and its p-value). */
export function tailTypeColumns({ positive }: Spectrum, { alpha, xmin }: Fitted): ColumnsOf<'tails'> {
  const comparison =
    alpha === null || xmin === null
      ? null
      : compareTails(
          positive.filter((value) => value >= xmin),
          alpha,
        );
  const ratios = comparison?.ratios;
  return {
    best_type: comparison?.best ?? null,
    R_TPL: ratios?.TPL.ratio ?? null,
    p_TPL: ratios?.TPL.p ?? null,
    R_EXP: ratios?.EXP.ratio ?? null,
    p_EXP: ratios?.EXP.p ?? null,
    R_S_EXP: ratios?.S_EXP.ratio ?? null,
    p_S_EXP: ratios?.S_EXP.p ?? null,
    R_LOG_N: ratios?.LOG_N.ratio ?? null,
    p_LOG_N: ratios?.LOG_N.p ?? null,
    TPL_alpha: comparison?.truncated.alpha ?? null,
    TPL_cutoff: comparison?.truncated.cutoff ?? null,
  };
}

/** Returns alpha_low, alpha_high (95 % bootstrap interval) and bootstrap_resamples, the resamples that could be fitted. */
export function bootstrapColumns(
  spectrum: Spectrum,
  { fit, resamples }: { fit: PowerLawMode; resamples: number },
  stream: RandomStream,
): ColumnsOf<'bootstrap'> {
  const interval = bootstrapAlpha(spectrum, fit, resamples, stream);
  return {
    alpha_low: interval?.low ?? null,
    alpha_high: interval?.high ?? null,
    bootstrap_resamples: interval?.resamples ?? 0,
  };
}

/**
 * Returns localization_ratio_*, participation_ratio_*, vector_entropy_* of bulk and spikes (means) over the eigenvectors of all
 * matrices of a layer, row-major rows x cols each; the spikes are the `num_spikes` largest eigenvalues of all together. Then means and
 * variances below and from xmin on, as WeightWatcher parts them.
 */
export function localizationColumns(
  matrices: readonly (Float32Array | Float64Array)[],
  rows: number,
  cols: number,
  { num_spikes: numSpikes, xmin }: Pick<SpectrumRow, 'num_spikes' | 'xmin'>,
  algebra: LinearAlgebra,
): ColumnsOf<'vectors'> {
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
  return {
    localization_ratio_bulk: bulk?.localizationRatio ?? null,
    participation_ratio_bulk: bulk?.participationRatio ?? null,
    vector_entropy_bulk: bulk?.entropy ?? null,
    localization_ratio_spikes: spikes?.localizationRatio ?? null,
    participation_ratio_spikes: spikes?.participationRatio ?? null,
    vector_entropy_spikes: spikes?.entropy ?? null,
    ...aroundXmin(pairs, xmin),
  };
}

/** xmin is an eigenvalue of another solver; that of its vector may be a few units in the last place below. */
const XMIN_ROUNDING = 1e-9;

type XminColumns = {
  [Name in `${'bulk' | 'tail'}_${'mean' | 'var'}_${'vec_entropy' | 'loc_ratio' | 'part_ratio'}`]:
    | number
    | null;
};

function aroundXmin(
  pairs: readonly { value: number; vector: Float64Array }[],
  xmin: number | null,
): XminColumns {
  const measures = pairs.map(({ value, vector }) => {
    const { localizationRatio, participationRatio } = vectorLocalization(vector);
    return {
      isTail: xmin !== null && value >= xmin * (1 - XMIN_ROUNDING),
      vec_entropy: discreteEntropy(vector),
      loc_ratio: localizationRatio,
      part_ratio: participationRatio,
    };
  });
  const columns: Record<string, number | null> = {};
  for (const part of ['bulk', 'tail'] as const) {
    const some = xmin === null ? [] : measures.filter(({ isTail }) => isTail === (part === 'tail'));
    for (const name of ['vec_entropy', 'loc_ratio', 'part_ratio'] as const) {
      const values = some.map((one) => one[name]);
      const mean = meanOf(values);
      columns[`${part}_mean_${name}`] = mean;
      columns[`${part}_var_${name}`] = mean === null ? null : meanOf(values.map((x) => (x - mean) ** 2));
    }
  }
  return columns as XminColumns;
}

const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Returns farms_alpha (Hill, from the median of the pooled eigenvalues on), farms_aspect and farms_columns. */
export function fixedAspectColumns(
  W: Float32Array | Float64Array,
  rows: number,
  cols: number,
  shape: SubmatrixShape,
  algebra: LinearAlgebra,
): ColumnsOf<'farms'> {
  const pooled = fixedAspectEigenvalues(W, rows, cols, shape, algebra);
  const largest = pooled[pooled.length - 1]!;
  const positive = pooled.filter((value) => value > shape.aspect * shape.columns * Number.EPSILON * largest);
  return {
    farms_alpha: fitPowerLaw(positive, 'hill').alpha,
    farms_aspect: shape.aspect,
    farms_columns: shape.columns,
  };
}
