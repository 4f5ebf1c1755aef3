import type { AnalysisConfig } from '../config/schema.ts';
import { UserError } from '../files/userError.ts';
import type { LinearAlgebra } from '../linalg/linearAlgebra.ts';
import { classifyPhase, phaseColumns } from '../phases/classifyPhase.ts';
import { layerSpectrum } from '../spectra/layerSpectrum.ts';
import type { WeightPrecision } from '../spectra/ranks.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';

/** Raised whenever the same weights would give other rows: spectra of an older version are then computed anew. */
export const ANALYSIS_VERSION = 'phasewatch analysis 1';

/** The weights of one layer: dense rows x columns, convolution height x width x inputs x outputs. */
export interface LayerWeights {
  layer: string;
  shape: readonly number[];
  data: Float32Array | Float64Array;
  /** Format the weights were stored in; float32 when left out. */
  precision?: WeightPrecision;
  /** The file, for errors. */
  where: string;
}

export interface LayerAnalysis {
  row: SpectrumRow;
  /** Of W^T W (no 1/N), ascending; those of all slices of a convolution together. */
  eigenvalues: Float64Array;
}

/**
 * Returns the row of spectra.csv of one layer, run and epoch left null, and its eigenvalues. A convolution gives the eigenvalues of
 * its height x width slices of inputs x outputs, pooled, as WeightWatcher does. Throws UserError for weights that are not finite,
 * with layer and index.
 */
export function analyzeLayer(
  weights: LayerWeights,
  analysis: AnalysisConfig,
  algebra: LinearAlgebra,
): LayerAnalysis {
  const { layer, shape, data, where } = weights;
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new UserError(
      `weights of layer ${layer} in ${where} must be finite, got ${data[bad]} at index ${bad}`,
    );
  }
  const [rows, cols] = shape.slice(-2) as [number, number];
  if (shape.length !== 2 && shape.length !== 4) {
    throw new UserError(
      `weights of layer ${layer} in ${where} must have 2 or 4 dimensions, got (${shape.join(', ')})`,
    );
  }
  const size = rows * cols;
  const slices = Array.from({ length: data.length / size }, (_, i) =>
    algebra.eigenvalues(data.subarray(i * size, (i + 1) * size), rows, cols),
  );
  const eigenvalues = pooled(slices);
  const matrix = { N: Math.max(rows, cols), M: Math.min(rows, cols) };
  const spectrum = layerSpectrum(eigenvalues, matrix, {
    fit: analysis.fit,
    precision: weights.precision ?? 'float32',
  });
  const phase = phaseColumns(classifyPhase(eigenvalues, matrix));
  return { row: { run: null, epoch: null, layer, ...spectrum, ...phase }, eigenvalues };
}

function pooled(slices: readonly Float64Array[]): Float64Array {
  if (slices.length === 1) return slices[0]!;
  const all = new Float64Array(slices.reduce((sum, slice) => sum + slice.length, 0));
  let at = 0;
  for (const slice of slices) {
    all.set(slice, at);
    at += slice.length;
  }
  return all.sort();
}
