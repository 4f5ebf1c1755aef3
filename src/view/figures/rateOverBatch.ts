import * as Plot from '@observablehq/plot';
import { largestOf, smallestOf } from '../../base/extremes.ts';
import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { niceAxis, readableLogTicks } from './axisTicks.ts';
import { emptyPlot } from './curvesPlot.ts';
import { type Figure, INK, sequenceColors } from './figure.ts';
import { type Measure, measureOf } from './measure.ts';
import { drawSheet, type Panel } from './sheet.ts';

/**
 * Returns measures against learning rate / batch size, a panel a layer and measure, a dot a run, coloured by batch size, a line through
 * the means of each batch size: where they fall on one curve, the spectra follow the ratio alone. Give the rows of one epoch.
 */
export function rateOverBatchFigure(rows: readonly JoinedRow[], measures: readonly Measure[]): Figure {
  const placed = rows.filter((row) => ratio(row) !== null);
  const sizes = [...new Set(placed.map((row) => row.batch_size!))].sort((a, b) => a - b);
  const colors = sequenceColors(Math.max(1, sizes.length));
  const layers = [...new Set(placed.map((row) => row.layer))];
  const panels = layers.flatMap((layer) =>
    measures.map((measure): Panel => {
      const shown = placed.filter((row) => row.layer === layer && measureOf(row, measure) !== null);
      return {
        title: layer,
        plot: ratioPlot(shown, measure, (row) => colors[sizes.indexOf(row.batch_size!)]!),
      };
    }),
  );
  return {
    name: 'measures-by-rate-over-batch',
    svg: drawSheet({
      title: 'What follows learning rate / batch size, last epoch',
      panels,
      columns: 2,
      panelWidth: 400,
      panelHeight: 270,
      legend: sizes.map((size, i) => ({ label: `batch size ${size}`, color: colors[i]!, mark: 'line' })),
    }),
    columns: [
      'run',
      'learning_rate',
      'batch_size',
      'setting',
      'layer',
      'epoch',
      ...measures.map(({ column }) => column),
    ],
    rows: placed,
  };
}

function ratioPlot(
  rows: readonly JoinedRow[],
  measure: Measure,
  color: (row: JoinedRow) => string,
): Plot.PlotOptions {
  if (rows.length === 0) return emptyPlot(`no ${measure.label} in these rows`);
  const points = rows.map((row) => ({
    x: Math.log10(ratio(row)!),
    y: measureOf(row, measure)!,
    size: row.batch_size!,
    color: color(row),
  }));
  const xs = points.map(({ x }) => x);
  const ticks = readableLogTicks(
    xs.map((x) => Number((10 ** x).toPrecision(2))),
    260,
  );
  const y = niceAxis(points.map((point) => point.y));
  const means = [...new Set(points.map(({ x, size }) => `${size} ${x}`))]
    .map((key) => {
      const group = points.filter((point) => `${point.size} ${point.x}` === key);
      return { ...group[0]!, y: group.reduce((sum, point) => sum + point.y, 0) / group.length };
    })
    .sort((a, b) => a.x - b.x);
  return {
    // Ticks are the ratios themselves: a log scale of d3 leaves out the labels of those that are not round.
    x: {
      domain: [smallestOf(xs) - 0.15, largestOf(xs) + 0.15],
      ticks: ticks.map(Math.log10),
      tickFormat: (_: number, i: number) => String(ticks[i]),
      label: 'learning rate / batch size (log)',
    },
    y: { domain: [y.min, y.max], ticks: y.ticks, tickFormat: y.format, label: measure.label },
    marks: [
      Plot.gridY(y.ticks, { stroke: INK, strokeOpacity: 0.08 }),
      Plot.line(means, { x: 'x', y: 'y', z: 'size', stroke: 'color', strokeOpacity: 0.7 }),
      Plot.dot(points, { x: 'x', y: 'y', fill: 'color', r: 3.5, stroke: 'white' }),
    ],
  };
}

function ratio({ learning_rate, batch_size }: JoinedRow): number | null {
  return learning_rate === null || batch_size === null ? null : learning_rate / batch_size;
}
