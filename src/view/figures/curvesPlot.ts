import * as Plot from '@observablehq/plot';
import { spread } from '../../experiment/results/overSeeds.ts';
import { niceAxis } from './axisTicks.ts';
import { type FigureColors, PAPER } from './figure.ts';

export interface CurvePoint {
  x: number;
  y: number;
  /** Ends of the band around a mean; null for a single value. */
  low: number | null;
  high: number | null;
}

/** What a figure with bands says of them. */
export const BAND_NOTE =
  'Lines are means over runs that differ by seed alone, bands one standard deviation on either side.';

/** Returns the note on bands where some curve has one. */
export const bandNote = (curves: Iterable<readonly CurvePoint[]>): { subtitle?: string } =>
  [...curves].flat().some(({ low }) => low !== null) ? { subtitle: BAND_NOTE } : {};

/**
 * Returns, at each place that points have, ascending, the mean over them and one standard deviation on either side, cut at 0 where no
 * value is below.
 */
export function meanCurve(points: Iterable<readonly [x: number, y: number]>): CurvePoint[] {
  const at = new Map<number, number[]>();
  for (const [x, y] of points) {
    const values = at.get(x);
    if (values === undefined) at.set(x, [y]);
    else values.push(y);
  }
  return [...at]
    .sort(([a], [b]) => a - b)
    .map(([x, values]) => {
      const { mean, sd } = spread(values)!;
      if (sd === null) return { x, y: mean, low: null, high: null };
      const floor = values.some((value) => value < 0) ? Number.NEGATIVE_INFINITY : 0;
      return { x, y: mean, low: Math.max(floor, mean - sd), high: mean + sd };
    });
}

/** A line of a chart: one run, or the mean over runs with the band of their spread. */
export interface Curve {
  label: string;
  color: string;
  /** SVG dash array, `none` for a drawn-through line. */
  dash: string;
  points: readonly CurvePoint[];
}

export interface CurvesOptions {
  x: Plot.ScaleOptions;
  label: string;
  colors?: FigureColors;
  /** A dot on every point. */
  dots?: boolean;
  /** Where a click on a dot leads, and what is told of it. */
  href?: (point: CurvePoint) => string;
  describe?: (point: CurvePoint, curve: Curve) => string;
}

/** Returns the plot of curves on one pair of axes; says so where there is no point. */
export function curvesPlot(
  curves: readonly Curve[],
  { x, label, colors = PAPER, dots = false, href, describe }: CurvesOptions,
): Plot.PlotOptions {
  const points = curves.flatMap((curve) => curve.points);
  if (points.length === 0) return emptyPlot(`no ${label} in these rows`);
  const y = niceAxis(points.flatMap((point) => [point.low ?? point.y, point.high ?? point.y]));
  const channels = { x: 'x', y: 'y' } as const;
  return {
    x,
    y: { domain: [y.min, y.max], ticks: y.ticks, tickFormat: y.format, label },
    marks: [
      Plot.gridY(y.ticks, { stroke: colors.ink, strokeOpacity: 0.08 }),
      ...curves
        .filter((curve) => curve.points.some(({ low }) => low !== null))
        .map((curve) =>
          Plot.areaY(curve.points, { x: 'x', y1: 'low', y2: 'high', fill: curve.color, fillOpacity: 0.18 }),
        ),
      ...curves.map((curve) =>
        Plot.line(curve.points, {
          ...channels,
          stroke: curve.color,
          strokeWidth: 1.6,
          ...(curve.dash === 'none' ? {} : { strokeDasharray: curve.dash }),
        }),
      ),
      ...(dots
        ? curves.map((curve) => {
            const told = (point: CurvePoint): string => describe!(point, curve);
            return Plot.dot(curve.points, {
              ...channels,
              fill: curve.color,
              r: 2.5,
              ...(href === undefined ? {} : { href }),
              ...(describe === undefined ? {} : { ariaLabel: told, title: told }),
            });
          })
        : []),
    ],
  };
}

/** Returns a plot that says why it is empty. */
export function emptyPlot(text: string): Plot.PlotOptions {
  return { axis: null, marks: [Plot.text([text], { frameAnchor: 'middle' })] };
}
