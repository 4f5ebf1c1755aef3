import type { SpectrumRow } from '../../spectra/spectrumRow.ts';

/** A spectrum: its row and its eigenvalues of W^T W, ascending. */
export interface Spectrum {
  row: SpectrumRow;
  evals: Float64Array;
}

/** The bins of each view, in figures and on the page: one spectrum looks the same wherever it is drawn. */
export const ESD_VIEWS = {
  /** All eigenvalues; the authors' number of bins. */
  linear: 100,
  /** From 0 to a multiple of lambda_plus. */
  bulk: 50,
  /** Around lambda_plus. */
  edge: 40,
  /** All eigenvalues above rounding, bins of one ratio. */
  log: 40,
} as const;
export type EsdView = keyof typeof ESD_VIEWS;

export interface EsdBin {
  from: number;
  to: number;
  count: number;
  density: number;
  /** Those of `count` that lie above the Tracy-Widom edge. */
  above: number;
}

/** The zoom at the edge goes from this to that multiple of lambda_plus. */
const EDGE_ZOOM = [0.6, 1.7] as const;
/** The zoom at the bulk ends at this multiple of lambda_plus. */
const BULK_ZOOM = 1.8;
/** Smaller shares of the largest eigenvalue are rounding or zeros, and are left out where the axis is logarithmic. */
const LOG_FLOOR = 1e-6;

/** What the range of a view follows from. */
export interface SpectrumEnds {
  lambdaPlus: number | null;
  /** The smallest eigenvalue that a logarithmic axis shows; 0 where there is none. */
  smallest: number;
  largest: number;
}

/** Returns the ends of a spectrum that its views are cut at. */
export function spectrumEnds({ row, evals }: Spectrum): SpectrumEnds {
  const largest = evals.at(-1) ?? 0;
  const floor = largest * LOG_FLOOR;
  return {
    lambdaPlus: row.lambda_plus,
    smallest: evals.find((value) => value > floor) ?? 0,
    largest,
  };
}

/** Returns where a view begins and ends; two equal numbers where nothing can be drawn. */
export function viewRange(view: EsdView, { lambdaPlus, smallest, largest }: SpectrumEnds): [number, number] {
  const edge = lambdaPlus ?? largest;
  if (view === 'edge') return [EDGE_ZOOM[0] * edge, EDGE_ZOOM[1] * edge];
  if (view === 'log') return [smallest, largest];
  return [0, view === 'bulk' && lambdaPlus !== null ? BULK_ZOOM * edge : largest];
}

export interface EsdHistogram {
  /** None where the view has no range. */
  bins: EsdBin[];
  /** Eigenvalues above the last bin. */
  beyond: number;
}

/** Returns the histogram of a view. Densities are of all eigenvalues: those of every view are on one scale. */
export function esdHistogram(
  spectrum: Spectrum,
  view: EsdView,
  count: number = ESD_VIEWS[view],
): EsdHistogram {
  const { row, evals } = spectrum;
  const [from, end] = viewRange(view, spectrumEnds(spectrum));
  if (!(end > from)) return { bins: [], beyond: 0 };
  const position = (value: number): number =>
    view === 'log' ? Math.log(value / from) / Math.log(end / from) : (value - from) / (end - from);
  const counts = new Uint32Array(count);
  const above = new Uint32Array(count);
  let beyond = 0;
  for (const value of evals) {
    if (value > end) beyond++;
    if (value < from || value > end) continue;
    const bin = Math.min(count - 1, Math.floor(position(value) * count));
    counts[bin]!++;
    if (row.tw_edge !== null && value > row.tw_edge) above[bin]!++;
  }
  return { bins: binsOfCounts(view, [from, end], counts, above, evals.length), beyond };
}

/** Returns the bins of a view from their counts; `total`: eigenvalues of the whole spectrum. */
export function binsOfCounts(
  view: EsdView,
  [from, end]: readonly [number, number],
  counts: ArrayLike<number>,
  above: ArrayLike<number>,
  total: number,
): EsdBin[] {
  const edge = (i: number): number =>
    view === 'log' ? from * (end / from) ** (i / counts.length) : from + ((end - from) * i) / counts.length;
  return Array.from(counts, (count, i) => {
    const [low, high] = [edge(i), edge(i + 1)];
    return { from: low, to: high, count, density: count / total / (high - low), above: above[i]! };
  });
}

/** A bin, or its part on one side of the edge. */
export interface EsdBar {
  from: number;
  to: number;
  density: number;
  /** Whether its eigenvalues lie above the edge. */
  above: boolean;
}

/**
 * Returns the bars of bins that are not empty. A bin across the edge is one bar where all its eigenvalues lie on one side; otherwise two
 * of its height that meet at the edge, so that no eigenvalue has the colour of the other side.
 */
export function esdBars(bins: readonly EsdBin[], edge: number | null): EsdBar[] {
  return bins.flatMap(({ from, to, density, count, above }): EsdBar[] => {
    if (count === 0) return [];
    const bar = { from, to, density };
    if (edge === null || above === 0 || above === count)
      return [{ ...bar, above: edge !== null && above > 0 }];
    return [
      { ...bar, to: edge, above: false },
      { ...bar, from: edge, above: true },
    ];
  });
}
