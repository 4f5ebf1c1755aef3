import { analyzeLayer, type LayerAnalysis, type LayerWeights } from './analyze/analyzeLayer.ts';
import { analyzeWeights, type WeightsAnalysis } from './analyze/analyzeWeights.ts';
import { type AnalysisConfig, analysisSchema } from './experiment/config/schema.ts';
import { availableLinearAlgebra } from './train/engine/availableLinearAlgebra.ts';
import { openWeights } from './weights/openWeights.ts';

export type { LayerAnalysis, LayerWeights } from './analyze/analyzeLayer.ts';
export type { WeightsAnalysis } from './analyze/analyzeWeights.ts';
export { UserError } from './base/userError.ts';
export type { AnalysisConfig } from './experiment/config/schema.ts';
export type { MetricsRow } from './experiment/results/metricsRow.ts';
export { type Results, type RunResults, readResults } from './experiment/results/readResults.ts';
export { OPTION_COLUMNS, SPECTRUM_COLUMNS } from './spectra/columns.ts';
export { fitMarchenkoPastur, type MarchenkoPasturFit } from './spectra/laws/fitMarchenkoPastur.ts';
export {
  marchenkoPasturCdf,
  marchenkoPasturDensity,
  marchenkoPasturEdges,
} from './spectra/laws/marchenkoPastur.ts';
export { fitPowerLaw, type PowerLawFit, type PowerLawMode } from './spectra/laws/powerLaw.ts';
export {
  largestEigenvaluePValue,
  tracyWidomCdf,
  tracyWidomEdge,
  tracyWidomQuantile,
} from './spectra/laws/tracyWidom.ts';
export { layerSpectrum } from './spectra/layerSpectrum.ts';
export { type Spectrum, spectrumOf } from './spectra/measures/spectrum.ts';
export { PHASES, type Phase } from './spectra/phase.ts';
export { classifyPhase, type NoPhase, type PhaseVerdict } from './spectra/phases/classifyPhase.ts';
export type { Witnesses } from './spectra/phases/witnesses.ts';
export type { SpectrumRow } from './spectra/spectrumRow.ts';
export { openWeights } from './weights/openWeights.ts';
export type { WeightsFile, WeightsLayer } from './weights/tensors/weightsFile.ts';

/** What the keys of `analysis` in a config are (docs/reference/config.md); every one may be left out. */
export type AnalysisOptions = Partial<AnalysisConfig>;

/**
 * Returns the eigenvalues of W^T W (no 1/N), ascending, min(rows, cols) of them in float64. `W` is row-major, rows x cols. They are
 * computed by the engine where one is installed, in TypeScript otherwise.
 */
export function eigenvalues(W: Float32Array | Float64Array, rows: number, cols: number): Float64Array {
  return availableLinearAlgebra().eigenvalues(W, rows, cols);
}

/**
 * Returns the row of spectra.csv (docs/reference/metrics.md) of one matrix or of the slices of one convolution, and its eigenvalues. Throws
 * UserError for weights that are not finite.
 */
export function analyzeMatrices(weights: LayerWeights, options: AnalysisOptions = {}): LayerAnalysis {
  return analyzeLayer(weights, analysisSchema.parse(options), availableLinearAlgebra());
}

/**
 * Returns the analysis of every layer of a weights file (docs/reference/formats.md), and what in it is no layer. Convolutions are read as the slices
 * of their kernel positions. Throws UserError for a file that cannot be read.
 */
export function analyzeFile(path: string, options: AnalysisOptions = {}): WeightsAnalysis {
  const file = openWeights(path);
  try {
    return analyzeWeights(file, analysisSchema.parse(options), availableLinearAlgebra(), { conv: 'slices' });
  } finally {
    file.close();
  }
}
