import * as Plot from '@observablehq/plot';
import { largestOf, smallestOf } from '../../base/extremes.ts';
import { marchenkoPasturDensity } from '../../spectra/laws/marchenkoPastur.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import { logLabel, logTicks, niceAxis } from './axisTicks.ts';
import type { EsdBar, EsdHistogram, EsdView } from './esdHistogram.ts';
import { esdBars } from './esdHistogram.ts';
import { type FigureColors, PAPER } from './figure.ts';
import { inSight } from './panel.ts';
import type { LegendEntry } from './sheet.ts';

/** The note of what lies beyond a panel stands over the bars of this share of the axis, at its right, and no lower than that share of the height. */
const NOTE = { width: 0.45, lowest: 0.25 };

/** Share of the axis that every bar has at least. */
const LEAST_HEIGHT = 0.008;
/** A shared axis may be this many times as high as a spectrum needs: its zeros at another epoch must not hide it. */
const MOST_AIR = 4;

/** Of a spectrum of zeros. */
export const NO_EIGENVALUE: Plot.PlotOptions = {
  axis: null,
  marks: [Plot.text(['no eigenvalue above 0'], { frameAnchor: 'middle' })],
};

export interface EsdPlotOptions {
  /** Without axis titles and with fewer ticks, for small panels. */
  compact?: boolean;
  colors?: FigureColors;
  /** Ends of the axes, where several spectra share them. */
  shared?: EsdScale | null;
}

/** The ends of both axes. */
export interface EsdScale {
  x: readonly [number, number];
  y: readonly [number, number];
}

/** Returns the Plot options of an ESD with the Marchenko-Pastur law, its edge, the Tracy-Widom edge, and the power law in view log. */
export function esdPlot(
  row: SpectrumRow,
  { bins, beyond }: EsdHistogram,
  view: EsdView,
  { compact = false, colors = PAPER, shared = null }: EsdPlotOptions = {},
): Plot.PlotOptions {
  if (bins.length === 0) return NO_EIGENVALUE;
  const log = view === 'log';
  const [low, high] = shared?.x ?? [bins[0]!.from, bins.at(-1)!.to];
  const filled = bins.filter((bin) => bin.count > 0);
  const densities = filled.map((bin) => bin.density);
  const inside = lawCurve(row).filter(([at, density]) => at >= low && at <= high && density > 0);
  const law = log ? inside : inSight(inside, [low, high]);
  const own = heights(densities, law, log);
  const [floor, top] =
    shared === null || log ? (shared?.y ?? own) : [0, Math.min(shared.y[1], MOST_AIR * own[1])];
  const yAxis = niceAxis([0, top], { count: compact ? 3 : 5 });
  const inView = (at: number | null): at is number => at !== null && at > low && at < high;
  const tail = log ? tailCurve(row) : [];
  const xAxis = niceAxis([low, high], { count: compact ? 4 : 6 });
  const belowNote = filled.filter((bin) => bin.to > high - NOTE.width * (high - low));
  const note = {
    text: `+${beyond} up to ${row.lambda_max.toPrecision(3)}`,
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
          domain: [floor, top],
          label: compact ? null : 'density',
          ticks: logTicks(floor, top),
          tickFormat: logLabel,
        }
      : {
          domain: [0, Math.min(yAxis.max, top * 1.08)],
          label: compact ? null : 'density',
          ticks: yAxis.ticks.filter((at) => at <= top * 1.08),
          tickFormat: yAxis.format,
        },
    marks: [
      Plot.rect(esdBars(bins, row.tw_edge), {
        x1: 'from',
        x2: 'to',
        y1: log ? floor : 0,
        // A single eigenvalue far below the tallest bar stays in sight.
        y2: (bar: EsdBar) => (log ? bar.density : Math.max(bar.density, LEAST_HEIGHT * top)),
        fill: (bar: EsdBar) => (bar.above ? colors.spike : colors.bar),
        insetRight: compact ? 0.2 : 0.4,
      }),
      Plot.line(law, { stroke: colors.law, strokeWidth: 1.8, clip: true }),
      ...(inView(row.lambda_plus)
        ? [Plot.ruleX([row.lambda_plus], { stroke: colors.law, strokeDasharray: '5 3' })]
        : []),
      ...(inView(row.tw_edge)
        ? [Plot.ruleX([row.tw_edge], { stroke: colors.law, strokeDasharray: '1.5 3', strokeWidth: 1.5 })]
        : []),
      ...(tail.length > 0
        ? [Plot.line(tail, { stroke: colors.tail, strokeWidth: 2, strokeDasharray: '6 3', clip: true })]
        : []),
      ...(log ? [] : [Plot.ruleY([0], { stroke: colors.ink })]),
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
              fill: colors.spike,
              stroke: colors.paper,
            }),
          ]
        : []),
    ],
  };
}

/** The lower and upper end of the axis of densities. The law has a pole at 0 for Q = 1: the histogram sets the height. */
function heights(
  densities: readonly number[],
  law: readonly (readonly [number, number])[],
  log: boolean,
): [number, number] {
  const tallest = Math.max(largestOf(densities), Number.MIN_VALUE);
  if (log) return [smallestOf(densities) / 2, tallest * 2];
  return [0, Math.max(tallest, Math.min(1.5 * tallest, largestOf(law.map(([, density]) => density))))];
}

/** Returns the axes on which all of the spectra of a view can be drawn. */
export function sharedScale(
  spectra: readonly { row: SpectrumRow; histogram: EsdHistogram }[],
  view: EsdView,
): EsdScale | null {
  const drawn = spectra.filter(({ histogram }) => histogram.bins.length > 0);
  if (drawn.length === 0) return null;
  const ends = drawn.map(({ row, histogram: { bins } }) => ({
    x: [bins[0]!.from, bins.at(-1)!.to] as const,
    y: heights(
      bins.filter((bin) => bin.count > 0).map((bin) => bin.density),
      lawCurve(row),
      view === 'log',
    ),
  }));
  const around = (of: (end: (typeof ends)[number]) => readonly [number, number]): [number, number] => [
    smallestOf(ends.map((end) => of(end)[0])),
    largestOf(ends.map((end) => of(end)[1])),
  ];
  return { x: around((end) => end.x), y: around((end) => end.y) };
}

/** Returns what is drawn in an ESD, for its legend. */
export const esdLegend = (view: EsdView, colors: FigureColors = PAPER): LegendEntry[] => [
  { label: 'eigenvalues', color: colors.bar, mark: 'fill' },
  { label: 'above the Tracy-Widom edge', color: colors.spike, mark: 'fill' },
  { label: 'Marchenko-Pastur fit', color: colors.law, mark: 'line' },
  { label: 'its edge', color: colors.law, mark: 'dashed' },
  { label: 'Tracy-Widom 99 %', color: colors.law, mark: 'dotted' },
  ...(view === 'log' ? [{ label: 'power-law fit', color: colors.tail, mark: 'dashed' as const }] : []),
];

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
