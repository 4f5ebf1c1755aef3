import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { type Figure, fileNamePart, INK, sequenceColors } from './figure.ts';
import type { Measure } from './measure.ts';
import { scatterPlot } from './scatterPlot.ts';
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
  const color = (row: JoinedRow): string =>
    row.batch_size === null ? INK : colors[sizes.indexOf(row.batch_size)]!;
  const panels = groups.map(
    ({ label, rows }): Panel => ({ title: label, plot: scatterPlot(rows, { x, y }, color) }),
  );
  return {
    name: fileNamePart(name),
    svg: drawSheet({
      title,
      ...(all.some((row) => typeof row[`${x.column}_sd`] === 'number')
        ? { subtitle: 'Points are means over runs that differ by seed alone, lines one standard deviation.' }
        : {}),
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
