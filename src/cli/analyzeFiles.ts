import { analyzeEach, type SkippedLayer } from '../analyze/analyzeWeights.ts';
import type { LayerChoice } from '../analyze/layerChoice.ts';
import { keepHeapDense } from '../base/machine/denseHeap.ts';
import { PackedRows } from '../base/packedRows.ts';
import { UserError } from '../base/userError.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { duration } from '../view/terminal/numberText.ts';
import type { ProgressLine } from '../view/terminal/progressLine.ts';
import { searchWeights } from '../weights/findWeights.ts';
import { type ConvReading, layerShape } from '../weights/layerMatrices.ts';
import { openWeights } from '../weights/openWeights.ts';
import type { WeightsLayer } from '../weights/tensors/weightsFile.ts';

/** A row with the file it comes from. */
export type FileRow = SpectrumRow & { file: string };

export interface Analyzed {
  layers: PackedRows<FileRow>;
  skipped: { file: string; layer: string; reason: string; refused: boolean }[];
  /** Files that could not be read. */
  failed: { file: string; error: UserError }[];
  /** Weights files that were passed over, copies of others among them. */
  passedOver: { path: string; reason: string }[];
  /** Of the files that were opened, each once. */
  formats: string[];
}

export const nothingAnalyzed = (): Analyzed => ({
  layers: new PackedRows(),
  skipped: [],
  failed: [],
  passedOver: [],
  formats: [],
});

export interface FilesOptions {
  analysis: AnalysisConfig;
  algebra: LinearAlgebra;
  conv: ConvReading;
  choice: LayerChoice;
  progress: ProgressLine;
  /** Takes the eigenvalues of each row, where pictures are wanted of them. */
  onSpectrum?: (row: FileRow, eigenvalues: Float64Array) => void;
}

/** Returns the analysis of the weights files that a path means. One that cannot be read does not stop the others. */
export function analyzeFiles(path: string, options: FilesOptions): Analyzed {
  const { found, copies } = searchWeights(path);
  const analyzed: Analyzed = { ...nothingAnalyzed(), passedOver: copies };
  for (const { path: file, epoch } of found) {
    try {
      analyzeFile(file, epoch, options, analyzed);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      analyzed.failed.push({ file, error });
    }
  }
  return analyzed;
}

function analyzeFile(path: string, epoch: number | null, options: FilesOptions, analyzed: Analyzed): void {
  const { analysis, algebra, conv, choice, progress, onSpectrum } = options;
  const file = openWeights(path);
  try {
    if (!analyzed.formats.includes(file.format)) analyzed.formats.push(file.format);
    const wanted = [...file.layers()].filter((layer) => choice.wants(layer));
    keepHeapDense(wanted.length);
    const told = fileProgress(path, wanted, conv, progress);
    const skipped: SkippedLayer[] = [];
    const chosen = { ...file, layers: () => wanted };
    for (const { row, eigenvalues } of analyzeEach(chosen, analysis, algebra, { conv, ...told }, skipped)) {
      const fileRow = { file: path, ...row, epoch };
      analyzed.layers.push(fileRow);
      onSpectrum?.(fileRow, eigenvalues);
    }
    for (const { name, reason, refused } of skipped) {
      // Names are asked for even where they are no layers: --layers may mean one of them.
      if (choice.names(name)) analyzed.skipped.push({ file: path, layer: name, reason, refused });
    }
  } finally {
    file.close();
  }
}

/** Tells how many layers are done, and when the others will be: eigenvalues of an N x M matrix take N M^2. */
function fileProgress(
  path: string,
  layers: readonly WeightsLayer[],
  conv: ConvReading,
  progress: ProgressLine,
): { onLayer: (layer: string) => void; onAnalyzed: (count: number) => void } {
  const costs = layers.map((layer) => {
    const { rows, cols, count } = layerShape(layer, conv);
    return count * rows * cols * Math.min(rows, cols);
  });
  const total = costs.reduce((sum, cost) => sum + cost, 0);
  const start = performance.now();
  let done = 0;
  let doneCost = 0;
  const eta = (): string => {
    const seconds = (performance.now() - start) / 1000;
    return doneCost === 0 ? '' : `, ETA ${duration((seconds * (total - doneCost)) / doneCost)}`;
  };
  return {
    onLayer: (layer) =>
      progress.update(() => `${path}: ${done}/${layers.length} layers${eta()}, at ${layer}`),
    onAnalyzed: (count) => {
      for (const cost of costs.slice(done, done + count)) doneCost += cost;
      done += count;
      progress.update(() => `${path}: ${done}/${layers.length} layers${eta()}`);
    },
  };
}
