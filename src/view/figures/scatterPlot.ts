import * as Plot from '@observablehq/plot';
import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { type NiceAxis, niceAxis } from './axisTicks.ts';
import { emptyPlot } from './curvesPlot.ts';
import { type FigureColors, PAPER } from './figure.ts';
import { type Measure, measureOf } from './measure.ts';

export interface ScatterOptions {
  colors?: FigureColors;
  /** Where a point leads to. */
  href?: (row: JoinedRow) => string;
  /** What is said of a point that one points at. */
  describe?: (row: JoinedRow) => string;
}

/** Returns the plot of one measure against another, a dot a row that has both. */
export function scatterPlot(
  rows: readonly JoinedRow[],
  { x, y }: { x: Measure; y: Measure },
  color: (row: JoinedRow) => string,
  { colors = PAPER, href, describe }: ScatterOptions = {},
): Plot.PlotOptions {
  const points = rows.filter((row) => measureOf(row, x) !== null && measureOf(row, y) !== null);
  if (points.length === 0) return emptyPlot(`no row has both ${x.label} and ${y.label}`);
  const [xAxis, yAxis] = [x, y].map((measure) => niceAxis(points.map((row) => measureOf(row, measure)!)));
  const scale = (axis: NiceAxis, label: string): Plot.ScaleOptions => ({
    domain: [axis.min, axis.max],
    ticks: axis.ticks,
    tickFormat: axis.format,
    label,
  });
  return {
    x: scale(xAxis!, x.label),
    y: scale(yAxis!, y.label),
    marks: [
      Plot.gridY(yAxis!.ticks, { stroke: colors.ink, strokeOpacity: 0.08 }),
      Plot.gridX(xAxis!.ticks, { stroke: colors.ink, strokeOpacity: 0.08 }),
      Plot.dot(points, {
        x: x.column,
        y: y.column,
        r: 4,
        fill: color,
        stroke: colors.paper,
        ...(href === undefined ? {} : { href }),
        ...(describe === undefined ? {} : { ariaLabel: describe, title: describe }),
      }),
    ],
  };
}
