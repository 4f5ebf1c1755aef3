/** Bins of the three histograms that stand for one spectrum in the page, in this order. */
export const ESD_BINS = { full: 60, bulk: 60, log: 40 } as const;
export const BINS_PER_SPECTRUM = ESD_BINS.full + ESD_BINS.bulk + ESD_BINS.log;
/** Eigenvalues below this share of the largest are left out of the logarithmic histogram: they are rounding, or exact zeros. */
const LOG_FLOOR = 1e-6;
/** The zoom shows the bulk and as much again, so that the spikes next to the edge are in sight. */
const BULK_ZOOM = 1.8;

export interface EsdHistograms {
  /** Counts of the bins: full, bulk, log. A count is exact; eigenvalues outside of a histogram's range are not in it. */
  counts: Uint16Array;
  /** Full runs from 0 to the largest eigenvalue, bulk from 0 to `bulkEnd`, log from `logStart` to the largest one. */
  bulkEnd: number;
  logStart: number;
}

/** Returns the histograms of ascending eigenvalues; `lambdaPlus` sets the zoom, without it the zoom shows all. */
export function esdHistograms(evals: Float64Array, lambdaPlus: number | null): EsdHistograms {
  const max = evals[evals.length - 1] ?? 0;
  const floor = max * LOG_FLOOR;
  const bulkEnd = lambdaPlus === null ? max : BULK_ZOOM * lambdaPlus;
  const logStart = evals.find((value) => value > floor) ?? max;
  const counts = new Uint16Array(BINS_PER_SPECTRUM);
  if (max > 0) {
    fillLinear(evals, counts.subarray(0, ESD_BINS.full), max);
    fillLinear(evals, counts.subarray(ESD_BINS.full, ESD_BINS.full + ESD_BINS.bulk), bulkEnd);
    if (logStart < max) fillLog(evals, counts.subarray(ESD_BINS.full + ESD_BINS.bulk), logStart, max);
  }
  return { counts, bulkEnd, logStart };
}

function fillLinear(evals: Float64Array, bins: Uint16Array, end: number): void {
  for (const value of evals) {
    if (value > end) break;
    bins[Math.min(bins.length - 1, Math.floor((value / end) * bins.length))]!++;
  }
}

function fillLog(evals: Float64Array, bins: Uint16Array, start: number, end: number): void {
  const scale = bins.length / Math.log(end / start);
  for (const value of evals) {
    if (value >= start) bins[Math.min(bins.length - 1, Math.floor(Math.log(value / start) * scale))]!++;
  }
}
