import { UserError } from '../../base/userError.ts';
import type { AnalysisConfig } from '../../experiment/config/schema.ts';
import { DELTA_COLUMNS, type DiffRow } from '../../spectra/diffColumns.ts';
import type { LinearAlgebra } from '../../spectra/linalg/linearAlgebra.ts';
import { type LeadingDirections, leadingDirections, subspaceOverlap } from '../../spectra/singularOverlap.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import { weightChange } from '../../spectra/weightChange.ts';
import { analyzeLayer, finiteSums, type LayerWeights } from '../analyzeLayer.ts';

export interface DiffOptions {
  analysis: AnalysisConfig;
  algebra: LinearAlgebra;
  /** Leading singular directions that are compared; 0: none. */
  top: number;
  /** Takes of each difference its row and the spectrum of B - A, where pictures are wanted of it. */
  onSpectrum?: (row: DiffRow, delta: SpectrumRow, eigenvalues: Float64Array) => void;
}

/** Returns the difference of two layers of equal shape. Throws UserError for weights that are not finite, or whose squares are not. */
export function diffLayer(
  a: LayerWeights,
  b: LayerWeights,
  { analysis, algebra, top, onSpectrum }: DiffOptions,
): DiffRow {
  for (const weights of [a, b]) finiteSums(weights, algebra);
  for (const weights of [a, b]) checkNorm(weights);
  const delta: LayerWeights = { ...a, ...weightChange(a, b), notes: [] };
  const { row: rowA } = analyzeLayer(a, analysis, algebra);
  const { row: rowB } = analyzeLayer(b, analysis, algebra);
  const { row, eigenvalues } = analyzeLayer(delta, analysis, algebra);
  const [normA, normB, normDelta] = [a, b, delta].map((one) => Math.sqrt(dot(one, one)));
  const diff: DiffRow = {
    layer: a.layer,
    layer_b: b.layer,
    N: row.N,
    M: row.M,
    frobenius_a: normA!,
    frobenius_b: normB!,
    frobenius_delta: normDelta!,
    relative_change: ratio(normDelta!, normA!),
    relative_spectral: ratio(Math.sqrt(row.lambda_max), Math.sqrt(rowA.lambda_max)),
    cosine: ratio(dot(a, b), normA! * normB!),
    alpha_a: rowA.alpha,
    alpha_b: rowB.alpha,
    alpha_change: rowA.alpha === null || rowB.alpha === null ? null : rowB.alpha - rowA.alpha,
    phase_a: rowA.phase,
    phase_b: rowB.phase,
    ...overlaps(a, b, delta, Math.min(top, row.M), algebra),
    ...Object.fromEntries(DELTA_COLUMNS.map((name) => [`delta_${name}`, row[name]])),
  };
  onSpectrum?.(diff, row, eigenvalues);
  return diff;
}

/** Beyond these the squares of doubles, or products of two layers, leave the range of float64. */
const [SMALLEST_NORM, LARGEST_NORM] = [2 ** -500, 2 ** 500];

/** Norms, rounding and cosine would be infinite or 0 without being so. */
function checkNorm(weights: LayerWeights): void {
  const isZero = weights.matrices.every((W) => W.every((value) => value === 0));
  const norm = Math.sqrt(dot(weights, weights));
  if (isZero || (norm >= SMALLEST_NORM && norm <= LARGEST_NORM)) return;
  throw new UserError(
    `weights of layer ${weights.layer} in ${weights.where} must have a norm between 2^-500 and 2^500 to be compared`,
  );
}

type Overlaps = Pick<
  DiffRow,
  | 'top'
  | 'overlap_short'
  | 'overlap_long'
  | 'delta_overlap_short'
  | 'delta_overlap_long'
  | 'chance_short'
  | 'chance_long'
>;

const NO_OVERLAPS: Overlaps = {
  top: null,
  overlap_short: null,
  overlap_long: null,
  delta_overlap_short: null,
  delta_overlap_long: null,
  chance_short: null,
  chance_long: null,
};

function overlaps(
  a: LayerWeights,
  b: LayerWeights,
  delta: LayerWeights,
  top: number,
  algebra: LinearAlgebra,
): Overlaps {
  if (top === 0) return NO_OVERLAPS;
  const [ofA, ofB, ofDelta] = [a, b, delta].map(({ matrices, rows, cols }) =>
    matrices.map((W) => leadingDirections({ W, rows, cols }, top, algebra)),
  );
  const mean = (others: readonly LeadingDirections[], side: keyof LeadingDirections): number | null => {
    const found = ofA!
      .map((one, i) => subspaceOverlap(one[side], others[i]![side]))
      .filter((overlap) => overlap !== null);
    return found.length === 0 ? null : found.reduce((sum, overlap) => sum + overlap, 0) / found.length;
  };
  return {
    top,
    overlap_short: mean(ofB!, 'short'),
    overlap_long: mean(ofB!, 'long'),
    delta_overlap_short: mean(ofDelta!, 'short'),
    delta_overlap_long: mean(ofDelta!, 'long'),
    chance_short: top / Math.min(a.rows, a.cols),
    chance_long: top / Math.max(a.rows, a.cols),
  };
}

function dot(a: LayerWeights, b: LayerWeights): number {
  let sum = 0;
  for (const [i, A] of a.matrices.entries()) {
    const B = b.matrices[i]!;
    for (let at = 0; at < A.length; at++) sum += A[at]! * B[at]!;
  }
  return sum;
}

const ratio = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);
