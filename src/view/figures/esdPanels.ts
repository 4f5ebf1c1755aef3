import * as Plot from '@observablehq/plot';
import { largestOf, smallestOf } from '../../base/extremes.ts';
import { marchenkoPasturDensity } from '../../spectra/laws/marchenkoPastur.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import { logLabel, logTicks, niceAxis } from './axisTicks.ts';
import { BAR, INK, LAW, SPIKE, TAIL } from './figure.ts';
import type { LegendEntry } from './sheet.ts';

/** A spectrum: its row and its eigenvalues of W^T W, ascending. */
export interface Spectrum {
  row: SpectrumRow;
  evals: Float64Array;
}

export type EsdView = 'linear' | 'bulk' | 'edge' | 'log';

export interface EsdBin {
  from: number;
  to: number;
  count: number;
  density: number;
}

/** The authors' number of bins. */
export const ESD_BINS = 100;
/** The zoom at the edge goes from this to that multiple of lambda_plus. */
const EDGE_ZOOM = [0.6, 1.7] as const;
/** The zoom at the bulk ends at this multiple of lambda_plus. */
const BULK_ZOOM = 1.8;
/** The note of what lies beyond a panel stands over the bars of this share of the axis, at its right, and no lower than that share of the height. */
const NOTE = { width: 0.45, lowest: 0.25 };
/** Smaller shares of the largest eigenvalue are rounding or zeros, and are left out where the axis is logarithmic. */
const LOG_FLOOR = 1e-6;

/** Returns the histogram of a view; densities are of all eigenvalues, so that the bins of every view are on one scale. */
export function esdBins({ row, evals }: Spectrum, view: EsdView, count = ESD_BINS): EsdBin[] {
  const max = evals.at(-1) ?? 0;
  const edge = row.lambda_plus ?? max;
  const from =
    view === 'edge' ? EDGE_ZOOM[0] * edge : view === 'log' ? firstAbove(evals, max * LOG_FLOOR) : 0;
  const bulkEnd = row.lambda_plus === null ? max : BULK_ZOOM * edge;
  const end = view === 'edge' ? EDGE_ZOOM[1] * edge : view === 'bulk' ? bulkEnd : max;
  if (!(end > from)) return [];
  const edgeOf = (i: number): number =>
    view === 'log' ? from * (end / from) ** (i / count) : from + ((end - from) * i) / count;
  const position = (value: number): number =>
    view === 'log' ? Math.log(value / from) / Math.log(end / from) : (value - from) / (end - from);
  const bins = Array.from({ length: count }, (_, i) => ({
    from: edgeOf(i),
    to: edgeOf(i + 1),
    count: 0,
    density: 0,
  }));
  for (const value of evals) {
    if (value >= from && value <= end)
      bins[Math.min(count - 1, Math.floor(position(value) * count))]!.count++;
  }
  for (const bin of bins) bin.density = bin.count / evals.length / (bin.to - bin.from);
  return bins;
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
export function esdBars(bins: readonly EsdBin[], evals: Float64Array, edge: number | null): EsdBar[] {
  return bins.flatMap(({ from, to, density }): EsdBar[] => {
    const bar = { from, to, density };
    if (edge === null || to <= edge) return [{ ...bar, above: false }];
    if (from >= edge) return [{ ...bar, above: true }];
    const inside = evals.filter((value) => value >= from && value <= to);
    const above = inside.filter((value) => value > edge).length;
    if (above === 0 || above === inside.length) return [{ ...bar, above: above > 0 }];
    return [
      { ...bar, to: edge, above: false },
      { ...bar, from: edge, above: true },
    ];
  });
}

/** Returns the Plot options of an ESD with the Marchenko-Pastur law, its edge, the Tracy-Widom edge, and the power law in view log. */
export function esdPlot(
  spectrum: Spectrum,
  view: EsdView,
  { bins: count = ESD_BINS, compact = false } = {},
): Plot.PlotOptions {
  const { row } = spectrum;
  const bins = esdBins(spectrum, view, count);
  if (bins.length === 0) {
    return { axis: null, marks: [Plot.text(['no eigenvalue above 0'], { frameAnchor: 'middle' })] };
  }
  const log = view === 'log';
  const [low, high] = [bins[0]!.from, bins.at(-1)!.to];
  const filled = bins.filter((bin) => bin.count > 0);
  const densities = filled.map((bin) => bin.density);
  const law = lawCurve(row).filter(([at, density]) => at >= low && at <= high && density > 0);
  const tallest = Math.max(largestOf(densities), Number.MIN_VALUE);
  // The law has a pole at 0 for Q = 1: the histogram sets the height of the panel.
  const top = Math.max(tallest, Math.min(1.5 * tallest, largestOf(law.map(([, density]) => density))));
  const floor = smallestOf(densities) / 2;
  const yAxis = niceAxis([0, top], { count: compact ? 3 : 5 });
  const inView = (at: number | null): at is number => at !== null && at > low && at < high;
  const tail = log ? tailCurve(row) : [];
  const xAxis = niceAxis([low, high], { count: compact ? 4 : 6 });
  const beyond = spectrum.evals.filter((value) => value > high * (1 + 1e-12)).length;
  const belowNote = filled.filter((bin) => bin.to > high - NOTE.width * (high - low));
  const note = {
    text: `+${beyond} up to ${spectrum.evals.at(-1)!.toPrecision(3)}`,
    x: high,
    y: Math.max(NOTE.lowest * top, largestOf(belowNote.map((bin) => bin.density))),
  };
  return {
    x: log
      ? {
          type: 'log',
          domain: [low, high],
          label: compact ? null : 'eigenvalue',
          ticks: logTicks(low, high),
          tickFormat: logLabel,
        }
      : {
          domain: [low, high],
          label: compact ? null : 'eigenvalue',
          ticks: xAxis.ticks.filter((at) => at >= low && at <= high),
          tickFormat: xAxis.format,
        },
    y: log
      ? {
          type: 'log',
          domain: [floor, tallest * 2],
          label: compact ? null : 'density',
          ticks: logTicks(floor, tallest * 2),
          tickFormat: logLabel,
        }
      : {
          domain: [0, Math.min(yAxis.max, top * 1.08)],
          label: compact ? null : 'density',
          ticks: yAxis.ticks.filter((at) => at <= top * 1.08),
          tickFormat: yAxis.format,
        },
    marks: [
      Plot.rect(esdBars(filled, spectrum.evals, row.tw_edge), {
        x1: 'from',
        x2: 'to',
        y1: log ? floor : 0,
        y2: 'density',
        fill: (bar: EsdBar) => (bar.above ? SPIKE : BAR),
        insetRight: compact ? 0.2 : 0.4,
      }),
      Plot.line(law, { stroke: LAW, strokeWidth: 1.8, clip: true }),
      ...(inView(row.lambda_plus)
        ? [Plot.ruleX([row.lambda_plus], { stroke: LAW, strokeDasharray: '5 3' })]
        : []),
      ...(inView(row.tw_edge)
        ? [Plot.ruleX([row.tw_edge], { stroke: LAW, strokeDasharray: '1.5 3', strokeWidth: 1.5 })]
        : []),
      ...(tail.length > 0
        ? [Plot.line(tail, { stroke: TAIL, strokeWidth: 2, strokeDasharray: '6 3', clip: true })]
        : []),
      ...(log ? [] : [Plot.ruleY([0], { stroke: INK })]),
      ...(beyond > 0
        ? [
            Plot.text([note], {
              text: 'text',
              x: 'x',
              y: 'y',
              textAnchor: 'end',
              lineAnchor: 'bottom',
              dx: -2,
              dy: -5,
              fill: SPIKE,
              stroke: '#fff',
            }),
          ]
        : []),
    ],
  };
}

export const ESD_LEGEND: readonly LegendEntry[] = [
  { label: 'eigenvalues', color: BAR, mark: 'fill' },
  { label: 'above the Tracy-Widom edge', color: SPIKE, mark: 'fill' },
  { label: 'Marchenko-Pastur fit', color: LAW, mark: 'line' },
  { label: 'its edge', color: LAW, mark: 'dashed' },
  { label: 'Tracy-Widom 99 %', color: LAW, mark: 'dotted' },
];
export const TAIL_LEGEND: LegendEntry = { label: 'power-law fit', color: TAIL, mark: 'dashed' };

/** The fitted law, scaled to the share of eigenvalues that are not spikes. */
function lawCurve(row: SpectrumRow): [number, number][] {
  const { sigma_mp, lambda_minus, lambda_plus, Q, num_evals, num_spikes } = row;
  if (sigma_mp === null || lambda_minus === null || lambda_plus === null) return [];
  const share = 1 - (num_spikes ?? 0) / num_evals;
  const steps = 240;
  return Array.from({ length: steps + 1 }, (_, i) => {
    const at = lambda_minus + ((lambda_plus - lambda_minus) * (1 - Math.cos((Math.PI * i) / steps))) / 2;
    return [at, at > 0 ? share * marchenkoPasturDensity(at, Q, sigma_mp) : 0] as [number, number];
  });
}

/** The fitted power law, scaled to the share of eigenvalues in the tail. */
function tailCurve({ alpha, xmin, num_pl_spikes, num_evals, lambda_max }: SpectrumRow): [number, number][] {
  if (alpha === null || xmin === null || num_pl_spikes === null) return [];
  const share = num_pl_spikes / num_evals;
  return [xmin, lambda_max].map((at) => [at, (share * (alpha - 1) * (at / xmin) ** -alpha) / xmin]);
}

function firstAbove(evals: Float64Array, floor: number): number {
  return evals.find((value) => value > floor) ?? 0;
}
