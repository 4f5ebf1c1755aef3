import * as Plot from '@observablehq/plot';
import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { niceAxis } from './axisTicks.ts';
import { bandNote, curvesPlot, emptyPlot, meanCurve } from './curvesPlot.ts';
import { type Figure, fileNamePart, INK, sequenceColors } from './figure.ts';
import { type Measure, measure, measureOf } from './measure.ts';
import { labelMargin } from './panel.ts';
import { batchScale, epochScale } from './scales.ts';
import { drawSheet, type LegendEntry, type Panel } from './sheet.ts';

const LEFT = '#0b5cad';
const RIGHT = '#b3400b';

interface Point {
  x: number;
  y: number;
}

/**
 * Returns panels of measures against epoch, coloured by batch size or, where all have one, by what else sets them apart: a line a group of
 * runs that differ by seed alone, their mean with the band of one standard deviation. `rows` are of one layer or of several runs' one,
 * `groups` has the group of a run.
 */
export function measuresByEpochFigure(
  name: string,
  title: string,
  rows: readonly JoinedRow[],
  measures: readonly Measure[],
  groups: ReadonlyMap<string, string> = new Map(),
): Figure {
  const sizes = ascending(rows.map((row) => row.batch_size));
  const settings = [...new Set(rows.map((row) => row.setting))];
  const bySetting = sizes.length < 2 && settings.length > 1;
  const colors = sequenceColors(Math.max(1, bySetting ? settings.length : sizes.length));
  const color = ({ batch_size, setting }: JoinedRow): string => {
    if (bySetting) return colors[settings.indexOf(setting)]!;
    return batch_size === null ? INK : colors[sizes.indexOf(batch_size)]!;
  };
  const other = bySetting ? [] : settings.slice(1);
  const together = groupBy(rows, (row) => groups.get(row.run ?? '') ?? row.run ?? '');
  const curves = measures.map((measure) =>
    [...together].map(([label, members]) => ({
      label,
      color: color(members[0]!),
      dash: other.includes(members[0]!.setting) ? '5 3' : 'none',
      points: meanOf(points(members, (row) => row.epoch, measure)),
    })),
  );
  const panels = curves.map((lines, i): Panel => {
    const epochs = lines.flatMap((line) => line.points.map(({ x }) => x));
    return { plot: curvesPlot(lines, { x: epochScale(epochs), label: measures[i]!.label }) };
  });
  return {
    name: fileNamePart(name),
    svg: drawSheet({
      title,
      ...bandNote(curves.flat().map((curve) => curve.points)),
      panels,
      columns: 2,
      panelWidth: 400,
      panelHeight: 250,
      legend: [
        ...(bySetting ? settings : sizes.map((size) => `batch size ${size}`)).map(
          (label, i): LegendEntry => ({ label, color: colors[i]!, mark: 'line' }),
        ),
        ...(other.length > 0 ? [{ label: other.join('; '), color: INK, mark: 'dashed' as const }] : []),
      ],
    }),
    columns: ['run', 'batch_size', 'setting', 'layer', 'epoch', ...measures.map(({ column }) => column)],
    rows,
  };
}

type AxisGroups = readonly { label: string; rows: readonly JoinedRow[] }[];

/** Returns two measures of one run, or of runs that differ by seed alone, against epoch on two axes, the paper's form. */
export function doubleAxisByEpochFigure(
  name: string,
  title: string,
  groups: AxisGroups,
  measures: readonly [Measure, Measure],
): Figure {
  return doubleAxisFigure(name, title, groups, measures, epochScale, (row) => row.epoch);
}

/** Returns two measures against batch size on two axes, a panel a layer; points are runs, lines join the means, in the band of their spread. */
export function doubleAxisByBatchSizeFigure(
  name: string,
  title: string,
  groups: AxisGroups,
  measures: readonly [Measure, Measure],
): Figure {
  return doubleAxisFigure(name, title, groups, measures, (sizes) => batchScale(sizes, 300), logBatchSize);
}

function doubleAxisFigure(
  name: string,
  title: string,
  groups: AxisGroups,
  [left, right]: readonly [Measure, Measure],
  scale: (xs: readonly number[]) => Plot.ScaleOptions,
  place: (row: JoinedRow) => number | null,
): Figure {
  return {
    name: fileNamePart(name),
    svg: drawSheet({
      title,
      ...bandNote(groups.map(({ rows }) => meanOf(points(rows, place, left)))),
      panels: groups.map(({ label, rows }) => ({
        title: label,
        plot: doubleAxisPlot(scale, [left, points(rows, place, left)], [right, points(rows, place, right)]),
      })),
      columns: 2,
      panelWidth: 420,
      panelHeight: 260,
      legend: doubleLegend(left, right),
    }),
    columns: ['run', 'batch_size', 'setting', 'layer', 'epoch', left.column, right.column],
    rows: groups.flatMap(({ rows }) => rows),
  };
}

/** Returns measures of one kind (accuracies) against batch size on one axis. */
export function accuraciesByBatchSizeFigure(name: string, title: string, rows: readonly JoinedRow[]): Figure {
  const measures = [measure('train_accuracy'), measure('test_accuracy')] as const;
  const series = measures.map((measure) => points(rows, logBatchSize, measure));
  const values = series.flat();
  const y = niceAxis(series.flatMap(extent));
  const colors = [LEFT, RIGHT];
  return {
    name: fileNamePart(name),
    svg: drawSheet({
      title,
      ...bandNote(series.map(meanOf)),
      panels: [
        values.length === 0
          ? emptyPanel('accuracy')
          : {
              plot: {
                x: batchScale(
                  values.map((point) => point.x),
                  520,
                ),
                y: linearScale(y, 'accuracy'),
                marks: [
                  Plot.gridY(y.ticks, { stroke: '#000', strokeOpacity: 0.08 }),
                  ...series.flatMap((list, i) => curveMarks(list, colors[i]!)),
                ],
              },
            },
      ],
      columns: 1,
      panelWidth: 600,
      panelHeight: 320,
      legend: measures.map((measure, i) => ({ label: measure.label, color: colors[i]!, mark: 'line' })),
    }),
    columns: ['run', 'batch_size', 'setting', 'epoch', 'train_accuracy', 'test_accuracy'],
    rows,
  };
}

function doubleAxisPlot(
  scale: (xs: readonly number[]) => Plot.ScaleOptions,
  [left, leftPoints]: readonly [Measure, Point[]],
  [right, rightPoints]: readonly [Measure, Point[]],
): Plot.PlotOptions {
  const all = [...leftPoints, ...rightPoints];
  if (all.length === 0) return emptyPanel(`${left.label}, ${right.label}`).plot;
  // Plot has one y scale: both measures are drawn in shares of their own axis.
  const scaled = [leftPoints, rightPoints].map((list) => {
    const axis = niceAxis(list.length === 0 ? [0, 1] : extent(list));
    const share = (value: number): number => (value - axis.min) / (axis.max - axis.min);
    return { axis, share, list: list.map(({ x, y }) => ({ x, y: share(y) })) };
  });
  const [a, b] = [scaled[0]!, scaled[1]!];
  const [leftMargin, rightMargin] = [a, b].map(({ axis }) => labelMargin(axis.ticks.map(axis.format))) as [
    number,
    number,
  ];
  const sideAxis = (side: typeof a, anchor: 'left' | 'right', label: string, color: string) =>
    Plot.axisY(side.axis.ticks.map(side.share), {
      anchor,
      label,
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: (anchor === 'left' ? leftMargin : rightMargin) - 8,
      color,
      tickFormat: (_: number, i: number) => side.axis.format(side.axis.ticks[i]!),
    });
  return {
    marginLeft: leftMargin,
    marginRight: rightMargin + 8,
    x: scale(all.map((point) => point.x)),
    y: { domain: [0, 1], axis: null },
    marks: [
      ...curveMarks(a.list, LEFT),
      ...curveMarks(b.list, RIGHT, '6 3'),
      sideAxis(a, 'left', left.label, LEFT),
      sideAxis(b, 'right', right.label, RIGHT),
    ],
  };
}

function curveMarks(list: readonly Point[], color: string, dash = 'none'): Plot.Markish[] {
  const means = meanOf(list);
  const band = means.filter(({ low }) => low !== null);
  return [
    Plot.areaY(band, { x: 'x', y1: 'low', y2: 'high', fill: color, fillOpacity: 0.15 }),
    Plot.line(means, { x: 'x', y: 'y', stroke: color, strokeWidth: 1.8, strokeDasharray: dash }),
    Plot.dot(list, { x: 'x', y: 'y', fill: color, r: list.length > 60 ? 1.6 : 3 }),
  ];
}

const meanOf = (list: readonly Point[]) => meanCurve(list.map(({ x, y }) => [x, y]));

/** The points and the ends of the band around their means. */
function extent(list: readonly Point[]): number[] {
  const band = meanOf(list).flatMap(({ low, high }) => (low === null || high === null ? [] : [low, high]));
  return [...list.map(({ y }) => y), ...band];
}

function doubleLegend(left: Measure, right: Measure): LegendEntry[] {
  return [
    { label: `${left.label} (left)`, color: LEFT, mark: 'line' },
    { label: `${right.label} (right)`, color: RIGHT, mark: 'dashed' },
  ];
}

function points(rows: readonly JoinedRow[], x: (row: JoinedRow) => number | null, measure: Measure): Point[] {
  return rows.flatMap((row) => {
    const [at, value] = [x(row), measureOf(row, measure)];
    return at === null || value === null ? [] : [{ x: at, y: value }];
  });
}

function linearScale(axis: ReturnType<typeof niceAxis>, label: string): Plot.ScaleOptions {
  return { domain: [axis.min, axis.max], ticks: axis.ticks, tickFormat: axis.format, label };
}

function logBatchSize(row: JoinedRow): number | null {
  return row.batch_size === null ? null : Math.log2(row.batch_size);
}

function emptyPanel(label: string): Panel {
  return { plot: emptyPlot(`no ${label} in these rows`) };
}

function ascending(values: readonly (number | null)[]): number[] {
  return [...new Set(values.filter((value) => value !== null))].sort((a, b) => a - b);
}

function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}
