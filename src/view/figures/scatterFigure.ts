import * as Plot from '@observablehq/plot';
import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { niceAxis } from './axisTicks.ts';
import { type Measure, measureOf } from './curves.ts';
import { type Figure, fileNamePart, INK, sequenceColors } from './figure.ts';
import { drawSheet, type Panel } from './sheet.ts';

/** Returns one measure against another, a panel a group (a layer, a setting), points coloured by batch size. */
export function scatterFigure(
  name: string,
  title: string,
  groups: readonly { label: string; rows: readonly JoinedRow[] }[],
  { x, y }: { x: Measure; y: Measure },
): Figure {
  const all = groups.flatMap((group) => group.rows);
  const sizes = [...new Set(all.map((row) => row.batch_size).filter((size) => size !== null))].sort(
    (a, b) => a - b,
  );
  const colors = sequenceColors(Math.max(1, sizes.length));
  const panels = groups.map(({ label, rows }): Panel => {
    const points = rows.filter((row) => measureOf(row, x) !== null && measureOf(row, y) !== null);
    if (points.length === 0) {
      const message = `no row has both ${x.label} and ${y.label}`;
      return { title: label, plot: { axis: null, marks: [Plot.text([message], { frameAnchor: 'middle' })] } };
    }
    const [xAxis, yAxis] = [x, y].map((measure) => niceAxis(points.map((row) => measureOf(row, measure)!)));
    return {
      title: label,
      plot: {
        x: {
          domain: [xAxis!.min, xAxis!.max],
          ticks: xAxis!.ticks,
          tickFormat: xAxis!.format,
          label: x.label,
        },
        y: {
          domain: [yAxis!.min, yAxis!.max],
          ticks: yAxis!.ticks,
          tickFormat: yAxis!.format,
          label: y.label,
        },
        marks: [
          Plot.gridY(yAxis!.ticks, { stroke: '#000', strokeOpacity: 0.08 }),
          Plot.gridX(xAxis!.ticks, { stroke: '#000', strokeOpacity: 0.08 }),
          Plot.dot(points, {
            x: x.column,
            y: y.column,
            r: 4,
            fill: (row: JoinedRow) =>
              row.batch_size === null ? INK : colors[sizes.indexOf(row.batch_size)]!,
            stroke: '#fff',
          }),
        ],
      },
    };
  });
  return {
    name: fileNamePart(name),
    svg: drawSheet({
      title,
      panels,
      columns: 2,
      panelWidth: 400,
      panelHeight: 290,
      legend: sizes.map((size, i) => ({ label: `batch size ${size}`, color: colors[i]!, mark: 'dot' })),
    }),
    columns: ['run', 'batch_size', 'setting', 'layer', 'epoch', x.column, y.column],
    rows: all,
  };
}
