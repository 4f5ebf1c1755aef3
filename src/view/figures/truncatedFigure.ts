import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { curvesPlot } from './curvesPlot.ts';
import { type Figure, fileNamePart, INK, SPIKE, TAIL } from './figure.ts';
import { measureOf } from './measure.ts';
import { epochScale } from './scales.ts';
import { drawSheet, type Panel } from './sheet.ts';

/** More runs than this are not read side by side. */
const MOST_RUNS = 6;
const LINES = [
  { column: 'full', label: 'the whole network', color: INK, dash: 'none' },
  { column: 'pl', label: 'cut at xmin of the power law', color: TAIL, dash: 'none' },
  { column: 'detX', label: 'cut at the trace-log condition', color: '#0b5cad', dash: '5 3' },
  { column: 'tw', label: 'cut at the Tracy-Widom edge', color: SPIKE, dash: '2 3' },
] as const;

/** Returns training and test error against epoch of the network as it is and with one layer cut to its tail, two panels a run. */
export function truncatedFigure(layer: string, rows: readonly JoinedRow[]): Figure {
  const runs = [...new Set(rows.map(({ run }) => run))];
  const shown = runs.slice(0, MOST_RUNS);
  const panels = shown.flatMap((run) => {
    const all = rows.filter((row) => row.run === run);
    // Where nothing is learned yet the errors are those of guessing, and leave the others no room.
    const learned = all.filter(({ epoch }) => epoch !== 0);
    const epochs = learned.length > 1 ? learned : all;
    return (['train', 'test'] as const).map((split): Panel => errorPanel(epochs, split));
  });
  const left = runs.length > MOST_RUNS ? ` (the first ${MOST_RUNS} of ${runs.length} settings)` : '';
  return {
    name: fileNamePart(`truncated-by-epoch-${layer}`),
    svg: drawSheet({
      title: `Errors with ${layer} cut to its tail, against epoch${left}`,
      subtitle: 'Singular values of the tail stay, the others are 0; nothing is trained again',
      panels,
      columns: 2,
      panelWidth: 400,
      panelHeight: 230,
      legend: LINES.map(({ label, color, dash }) => ({
        label,
        color,
        mark: dash === 'none' ? 'line' : dash === '5 3' ? 'dashed' : 'dotted',
      })),
    }),
    columns: [
      'run',
      'batch_size',
      'layer',
      'epoch',
      ...LINES.flatMap(({ column }) => [`${column}_train_error`, `${column}_test_error`]),
    ],
    rows,
  };
}

function errorPanel(rows: readonly JoinedRow[], split: 'train' | 'test'): Panel {
  const curves = LINES.map(({ column, label, color, dash }) => ({
    label,
    color,
    dash,
    points: rows.flatMap((row) => {
      const y = measureOf(row, { column: `${column}_${split}_error`, label });
      return y === null || row.epoch === null ? [] : [{ x: row.epoch, y, low: null, high: null }];
    }),
  }));
  const x = epochScale(rows.map(({ epoch }) => epoch!));
  return {
    title: rows[0]!.run ?? '',
    plot: curvesPlot(curves, { x, label: split === 'train' ? 'training error' : 'test error' }),
  };
}
