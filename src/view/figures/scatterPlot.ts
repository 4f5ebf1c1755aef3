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
  const [xAxis, yAxis] = [x, y].map((measure) =>
    niceAxis(
      points.flatMap((row) => {
        const [value, sd] = [measureOf(row, measure)!, deviationOf(row, measure)];
        return sd === null ? [value] : [value - sd, value + sd];
      }),
    ),
  );
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
      ...spreadMarks(points, x, y, color),
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

/** The standard deviation of a mean over seeds; null in the row of a single run. */
function deviationOf(row: JoinedRow, { column }: Measure): number | null {
  const value = row[`${column}_sd`] ?? null;
  return typeof value === 'number' ? value : null;
}

/** One standard deviation on either side of the means, along both axes. */
function spreadMarks(
  points: readonly JoinedRow[],
  x: Measure,
  y: Measure,
  color: (row: JoinedRow) => string,
): Plot.Markish[] {
  const ends = (row: JoinedRow, measure: Measure, side: number): number =>
    measureOf(row, measure)! + side * (deviationOf(row, measure) ?? 0);
  const style = { stroke: color, strokeOpacity: 0.6 };
  return [
    Plot.ruleX(
      points.filter((row) => deviationOf(row, y) !== null),
      {
        x: x.column,
        y1: (row: JoinedRow) => ends(row, y, -1),
        y2: (row: JoinedRow) => ends(row, y, 1),
        ...style,
      },
    ),
    Plot.ruleY(
      points.filter((row) => deviationOf(row, x) !== null),
      {
        y: y.column,
        x1: (row: JoinedRow) => ends(row, x, -1),
        x2: (row: JoinedRow) => ends(row, x, 1),
        ...style,
      },
    ),
  ];
}
