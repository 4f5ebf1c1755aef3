import type { AnalysisConfig } from '../config/schema.ts';
import { UserError } from '../files/userError.ts';
import type { LinearAlgebra } from '../linalg/linearAlgebra.ts';
import { layerMatrices } from '../weights/layerMatrices.ts';
import type { SkippedTensor, WeightsFile, WeightsLayer } from '../weights/weightsFile.ts';
import { analyzeLayer, type LayerAnalysis } from './analyzeLayer.ts';

export interface WeightsAnalysisOptions {
  /** How a convolution becomes matrices: its kernel positions pooled, or one flattened matrix. */
  conv: 'slices' | 'flatten';
  /** Tells which layers are wanted, by name; all when left out. */
  wanted?: (layer: string) => boolean;
  /** Called before each layer is read. */
  onLayer?: (layer: string) => void;
}

export interface WeightsAnalysis {
  layers: LayerAnalysis[];
  /** What is no layer, or could not be analyzed, with the reason. */
  skipped: SkippedTensor[];
}

/** Returns the analysis of every wanted layer of an open weights file, read one at a time. A layer that is refused does not stop the others. */
export function analyzeWeights(
  file: WeightsFile,
  analysis: AnalysisConfig,
  algebra: LinearAlgebra,
  { conv, wanted = () => true, onLayer }: WeightsAnalysisOptions,
): WeightsAnalysis {
  const layers: LayerAnalysis[] = [];
  const skipped = file.skipped.filter(({ name }) => wanted(name));
  for (const layer of file.layers()) {
    if (!wanted(layer.name)) continue;
    onLayer?.(layer.name);
    try {
      layers.push(analyzeLayer(matricesOf(layer, conv, file.path), analysis, algebra));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      skipped.push({ name: layer.name, reason: error.message });
    }
  }
  return { layers, skipped };
}

function matricesOf(layer: WeightsLayer, conv: 'slices' | 'flatten', where: string) {
  const matrices = layerMatrices(layer, { conv });
  const { rows, cols } = matrices[0]!;
  return {
    layer: layer.name,
    rows,
    cols,
    matrices: matrices.map(({ data }) => data),
    precision: layer.dtype,
    where,
  };
}
