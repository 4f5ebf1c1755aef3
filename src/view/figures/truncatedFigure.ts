import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { BAND_NOTE, curvesPlot, meanCurve } from './curvesPlot.ts';
import { type Figure, fileNamePart, INK, SPIKE, TAIL } from './figure.ts';
import { measureOf } from './measure.ts';
import { epochScale } from './scales.ts';
import { drawSheet, type Panel } from './sheet.ts';

/** More settings than this are not read side by side. */
const MOST_SETTINGS = 6;
const LINES = [
  { column: 'full', label: 'the whole network', color: INK, dash: 'none' },
  { column: 'pl', label: 'cut at xmin of the power law', color: TAIL, dash: 'none' },
  { column: 'detX', label: 'cut at the trace-log condition', color: '#0b5cad', dash: '5 3' },
  { column: 'tw', label: 'cut at the Tracy-Widom edge', color: SPIKE, dash: '2 3' },
] as const;

/**
 * Returns training and test error against epoch of the network as it is and with one layer cut to its tail, two panels a group of runs
 * that differ by seed alone: the mean with the band of one standard deviation. `groups` has the group of a run.
 */
export function truncatedFigure(
  layer: string,
  rows: readonly JoinedRow[],
  groups: ReadonlyMap<string, string> = new Map(),
): Figure {
  const groupOf = ({ run }: JoinedRow): string => groups.get(run ?? '') ?? run ?? '';
  const settings = [...new Set(rows.map(groupOf))];
  const panels = settings.slice(0, MOST_SETTINGS).flatMap((group) => {
    const all = rows.filter((row) => groupOf(row) === group);
    // Where nothing is learned yet the errors are those of guessing, and leave the others no room.
    const learned = all.filter(({ epoch }) => epoch !== 0);
    const epochs = learned.length > 1 ? learned : all;
    const seeds = new Set(all.map(({ run }) => run)).size;
    const title = seeds > 1 ? `${group}, ${seeds} seeds` : (all[0]!.run ?? '');
    return (['train', 'test'] as const).map((split): Panel => ({ ...errorPanel(epochs, split), title }));
  });
  const several = new Set(rows.map(({ run }) => run)).size > settings.length;
  const more = settings.length > MOST_SETTINGS;
  const left = more ? ` (the first ${MOST_SETTINGS} of ${settings.length} settings)` : '';
  return {
    name: fileNamePart(`truncated-by-epoch-${layer}`),
    svg: drawSheet({
      title: `Errors with ${layer} cut to its tail, against epoch${left}`,
      subtitle: `Singular values of the tail stay, the others are 0; nothing is trained again.${several ? ` ${BAND_NOTE}` : ''}`,
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
    points: meanCurve(
      rows.flatMap((row) => {
        const y = measureOf(row, { column: `${column}_${split}_error`, label });
        return y === null || row.epoch === null ? [] : [[row.epoch, y] as const];
      }),
    ),
  }));
  const x = epochScale(rows.map(({ epoch }) => epoch!));
  return { plot: curvesPlot(curves, { x, label: split === 'train' ? 'training error' : 'test error' }) };
}
