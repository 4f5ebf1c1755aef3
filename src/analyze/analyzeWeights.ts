import { UserError } from '../base/userError.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import type { EntryPasses } from '../spectra/linalg/entryPasses.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import { ROUNDINGS, type WeightPrecision } from '../spectra/measures/rounding.ts';
import { weightSpectra } from '../spectra/weightSpectra.ts';
import { coarserCopies } from '../weights/coarserCopies.ts';
import { type ConvReading, layerMatrices } from '../weights/layerMatrices.ts';
import type { SkippedTensor, WeightsFile, WeightsLayer } from '../weights/tensors/weightsFile.ts';
import { describeLayer, type LayerAnalysis, type LayerWeights, scaledLayer } from './analyzeLayer.ts';
import { requireLayerMemory } from './layerMemory.ts';

/** Layers are read until they have as many values: 64 MB of float32. Then they share the cores; a larger one keeps them busy alone. */
const VALUES_TOGETHER = 2 ** 24;
/** Enough to keep the cores busy with small ones. */
const LAYERS_TOGETHER = 512;

export interface LayerSelection {
  /** How a convolution becomes matrices: its kernel positions pooled, or one flattened matrix. */
  conv: ConvReading;
  /** Tells which layers are wanted, by name; all when left out. */
  wanted?: (layer: string) => boolean;
  /** Called before each layer is read. */
  onLayer?: (layer: string) => void;
  /** Called when layers were analyzed, with their number. */
  onAnalyzed?: (count: number) => void;
}

export interface SkippedLayer extends SkippedTensor {
  /** True for a layer that could not be analyzed, false for what is none. */
  refused: boolean;
}

export interface WeightsAnalysis {
  layers: LayerAnalysis[];
  /** What is no layer, or could not be analyzed, with the reason. */
  skipped: SkippedLayer[];
}

/**
 * Returns the analysis of every wanted layer of an open weights file, in its order. Layers are read a few at a time and share the
 * cores. A layer that is refused does not stop the others.
 */
export function analyzeWeights(
  file: WeightsFile,
  analysis: AnalysisConfig,
  algebra: LinearAlgebra,
  selection: LayerSelection,
): WeightsAnalysis {
  const skipped: SkippedLayer[] = [];
  const layers = [...analyzeEach(file, analysis, algebra, selection, skipped)];
  return { layers, skipped };
}

/** Yields what `analyzeWeights` returns, a layer at a time, so that nobody need hold the eigenvalues of all; `skipped` takes the others. */
export function* analyzeEach(
  file: WeightsFile,
  analysis: AnalysisConfig,
  algebra: LinearAlgebra,
  selection: LayerSelection,
  skipped: SkippedLayer[],
): Generator<LayerAnalysis> {
  for (const together of heldTogether(readLayers(file, selection, skipped, algebra), algebra.lanes)) {
    yield* analyzeTogether(together, analysis, algebra);
    selection.onAnalyzed?.(together.length);
  }
}

/**
 * Yields layers a few at a time, as many as may be held together; one at a time where they cannot share `lanes` cores. The array is emptied
 * before the next layer is read, so that the weights of two groups are never in memory.
 */
export function* heldTogether<Layer extends Pick<LayerWeights, 'matrices'>>(
  layers: Iterable<Layer>,
  lanes: number,
): Generator<Layer[]> {
  const held: Layer[] = [];
  let values = 0;
  for (const layer of layers) {
    held.push(layer);
    values += layer.matrices.reduce((sum, W) => sum + W.length, 0);
    // Before the next one is read: both would be in memory.
    if (values >= VALUES_TOGETHER || held.length === LAYERS_TOGETHER || lanes === 1) {
      yield held;
      held.length = 0;
      values = 0;
    }
  }
  if (held.length > 0) yield held;
}

/** Returns the analysis of each of the layers, which share the cores. Their weights must be finite. */
function analyzeTogether(
  layers: readonly LayerWeights[],
  analysis: AnalysisConfig,
  algebra: LinearAlgebra,
): LayerAnalysis[] {
  const spectra = weightSpectra(layers, algebra);
  return layers.map((layer, i) => describeLayer(layer, spectra[i]!, analysis, algebra));
}

/** Yields the weights of every wanted layer, read one at a time; what is none, or is refused, is added to `skipped` with the reason. */
export function* readLayers(
  file: WeightsFile,
  { conv, wanted = () => true, onLayer }: LayerSelection,
  skipped: SkippedLayer[],
  passes: EntryPasses,
): Generator<LayerWeights> {
  for (const tensor of file.skipped) if (wanted(tensor.name)) skipped.push({ ...tensor, refused: false });
  const layers = [...file.layers()].filter((layer) => wanted(layer.name));
  const copies = coarserCopies(layers.map((layer) => inMemory(layer, conv)));
  for (const layer of layers) {
    const finest = copies.get(layer.name);
    if (finest !== undefined) {
      const reason = `the same weights as ${finest}, in a coarser element type (${layer.dtype})`;
      skipped.push({ name: layer.name, reason, refused: false });
      continue;
    }
    onLayer?.(layer.name);
    try {
      yield scaledLayer(weightsOf(layer, conv, file.path), passes);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      skipped.push({ name: layer.name, reason: error.message, refused: true });
    }
  }
}

/** The layer, whose values are not read where they are too many to be analyzed. */
const inMemory = (layer: WeightsLayer, conv: ConvReading): WeightsLayer => ({
  ...layer,
  read() {
    requireLayerMemory(layer, conv);
    return layer.read();
  },
});

/** What the values were rounded to when they were stored; asked when they are read. */
function precisionOf({ dtype, rounding }: WeightsLayer): WeightPrecision {
  if (rounding) return rounding();
  if (dtype.startsWith('float8_e4m3')) return 'float8_e4m3';
  if (dtype.startsWith('float8_e5m2')) return 'float8_e5m2';
  return Object.hasOwn(ROUNDINGS, dtype) ? (dtype as keyof typeof ROUNDINGS) : 'float32';
}

/** Returns the weights of a layer as matrices, unscaled. */
export function weightsOf(layer: WeightsLayer, conv: ConvReading, where: string): LayerWeights {
  requireLayerMemory(layer, conv);
  const matrices = layerMatrices(layer, { conv });
  const { rows, cols } = matrices[0]!;
  return {
    layer: layer.name,
    rows,
    cols,
    matrices: matrices.map(({ data }) => data),
    precision: precisionOf(layer),
    notes: layer.notes ?? [],
    where,
  };
}
