import { firstNotFinite } from '../base/firstNotFinite.ts';
import { randomStream } from '../base/random/stream.ts';
import { sha256 } from '../base/sha256.ts';
import { UserError } from '../base/userError.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import { COLUMN_OF, type LayerSpectrum, namesOf, type OptionColumn, type RowOf } from '../spectra/columns.ts';
import { entryTail } from '../spectra/entryTail.ts';
import {
  bootstrapColumns,
  fixedAspectColumns,
  localizationColumns,
  tailTypeColumns,
} from '../spectra/extraColumns.ts';
import { layerSpectrum } from '../spectra/layerSpectrum.ts';
import type { EntryPasses, EntrySums } from '../spectra/linalg/entryPasses.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import type { Spectrum } from '../spectra/measures/spectrum.ts';
import { type NullCalibration, nullCalibration } from '../spectra/nullCalibration.ts';
import { classifyPhase, phaseColumns } from '../spectra/phases/classifyPhase.ts';
import { restsOnRounding, warningOf } from '../spectra/phases/warnings.ts';
import { permutedWitness } from '../spectra/phases/witnesses.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { type WeightMatrices, weightSpectra } from '../spectra/weightSpectra.ts';
import { scaledWeights, unscaledRow } from './scaledWeights.ts';

/** Raised whenever the same weights would give other values. */
const VALUES_VERSION = 5;

/** Analyses of another version, whose values or columns are others, are made anew. */
export const ANALYSIS_VERSION = `phasewatch analysis ${VALUES_VERSION} ${sha256(namesOf([...COLUMN_OF.values()]).join())}`;

/** The weights of one layer as matrices of one shape: one of a dense layer, one for each slice of a convolution. */
export interface LayerWeights extends WeightMatrices {
  layer: string;
  /** What was done to the stored values, for the notes of the row. */
  notes?: readonly string[];
  /** The file, for errors. */
  where: string;
  /** Its weights are the matrices times 2^exponent; 0 when left out. */
  exponent?: number;
}

export interface LayerAnalysis {
  /** Run and epoch are left null. */
  row: SpectrumRow;
  /** Of W^T W (no 1/N), ascending; those of all matrices together. */
  eigenvalues: Float64Array;
}

/**
 * Returns the row of spectra.csv of one layer and its eigenvalues. What `analysis` asks for beside the fixed columns follows them.
 * Throws UserError for weights that are not finite, with layer and index.
 */
export function analyzeLayer(
  weights: LayerWeights,
  analysis: AnalysisConfig,
  algebra: LinearAlgebra,
): LayerAnalysis {
  const scaled = scaledLayer(weights, algebra);
  const [spectrum] = weightSpectra([scaled], algebra);
  return describeLayer(scaled, spectrum!, analysis, algebra);
}

/**
 * Returns the layer with its weights where float64 holds their eigenvalues, and with the sums of their entries. Throws UserError for
 * weights that are not finite, with layer and index.
 */
export function scaledLayer(weights: LayerWeights, passes: EntryPasses): LayerWeights {
  const sums = finiteSums(weights, passes);
  const scaled = scaledWeights(weights.matrices);
  return { ...weights, ...scaled, ...(scaled.exponent === 0 ? { sums } : {}) };
}

/**
 * Returns the analysis of a layer whose spectrum is known. `initialSigma` is the layer's sigma_mp at epoch 0 of its run, null where
 * there is none.
 */
export function describeLayer(
  weights: LayerWeights,
  spectrum: Spectrum,
  analysis: AnalysisConfig,
  algebra: LinearAlgebra,
  initialSigma: number | null = null,
): LayerAnalysis {
  const metrics = layerSpectrum(spectrum, { fit: analysis.fit, fingers: analysis.fixFingers });
  const calibration = randomizedCopies(weights, spectrum, analysis, algebra);
  const entries = entryTail(weights, algebra);
  const witnesses = { initialSigma, permuted: permutedWitness(calibration), entries };
  const phase = phaseColumns(classifyPhase(spectrum, witnesses));
  const extra = {
    ...entries,
    ...spectrumOptions(weights.layer, spectrum, metrics, analysis),
    ...calibration,
    ...weightOptions(weights, metrics, analysis, algebra),
  };
  const notes = [metrics.notes, ...(weights.notes ?? [])].filter((note) => note !== null).join('; ');
  const warning = warningOf(
    { ...metrics, ...phase, ...calibration },
    restsOnRounding(spectrum, witnesses, phase.phase),
  );
  const row = { run: null, epoch: null, layer: weights.layer, ...metrics, ...phase, warning, ...extra };
  row.notes = notes === '' ? null : notes;
  return unscaledRow(row, spectrum.eigenvalues, weights.exponent ?? 0);
}

function randomizedCopies(
  weights: LayerWeights,
  spectrum: Spectrum,
  { fit, randomize, seed }: AnalysisConfig,
  algebra: LinearAlgebra,
): NullCalibration | null {
  if (randomize === 0) return null;
  const stream = randomStream(seed, `randomize/${weights.layer}`);
  return nullCalibration(spectrum, weights, { copies: randomize, fit }, stream, algebra);
}

type OptionColumns = Partial<RowOf<readonly OptionColumn[]>>;

/** Returns the columns that options add from the spectrum alone. */
export function spectrumOptions(
  layer: string,
  spectrum: Spectrum,
  metrics: LayerSpectrum,
  { fit, bootstrap, tails, seed }: AnalysisConfig,
): OptionColumns {
  const columns: OptionColumns = {};
  if (tails) Object.assign(columns, tailTypeColumns(spectrum, metrics));
  if (bootstrap > 0) {
    const stream = randomStream(seed, `bootstrap/${layer}`);
    Object.assign(columns, bootstrapColumns(spectrum, { fit, resamples: bootstrap }, stream));
  }
  return columns;
}

/** Returns the columns that options add from the weights. */
function weightOptions(
  { rows, cols, matrices }: LayerWeights,
  metrics: LayerSpectrum,
  { vectors, farms }: AnalysisConfig,
  algebra: LinearAlgebra,
): OptionColumns {
  const columns: OptionColumns = {};
  if (vectors) {
    Object.assign(columns, localizationColumns(matrices, rows, cols, metrics, algebra));
  }
  // Submatrices belong to one matrix; a convolution has many.
  const [W, ...others] = matrices;
  if (W !== undefined && others.length === 0) {
    const fits = farms !== null && farms.columns <= metrics.M && farms.aspect * farms.columns <= metrics.N;
    if (fits) Object.assign(columns, fixedAspectColumns(W, rows, cols, farms, algebra));
  }
  return columns;
}

/** Returns the sums of the entries of each matrix. Throws UserError for weights that are not finite, with layer and index. */
export function finiteSums({ layer, matrices, where }: LayerWeights, passes: EntryPasses): EntrySums[] {
  const sums = passes.entrySums(matrices, Number.POSITIVE_INFINITY);
  for (const [slice, W] of matrices.entries()) {
    // Squares of large doubles may be infinite too.
    if (Number.isFinite(sums[slice]!.below)) continue;
    const bad = firstNotFinite(W);
    if (bad !== null) {
      const part = matrices.length > 1 ? ` of matrix ${slice}` : '';
      throw new UserError(
        `weights of layer ${layer} in ${where} must be finite, got ${W[bad]} at index ${bad}${part}`,
      );
    }
  }
  return sums;
}
