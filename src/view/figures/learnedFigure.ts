import { namesOf } from '../../spectra/columns.ts';
import { LEARNED_COLUMNS, type LearnedRow } from '../../spectra/learned.ts';
import { type Curve, curvesPlot } from './curvesPlot.ts';
import { type Figure, fileNamePart, sequenceColors } from './figure.ts';
import { epochScale } from './scales.ts';
import { drawSheet, type Panel } from './sheet.ts';

/** More runs than this are not told apart by colour. */
const MOST_RUNS = 8;
const PANELS = [
  { column: 'relative_change', label: 'norm of the change / norm before' },
  { column: 'change_alpha', label: 'alpha of the change' },
  { column: 'change_stable_rank', label: 'stable rank of the change' },
  { column: 'in_pl_tail', label: 'share of the change in the tail' },
  { column: 'overlap_long', label: 'overlap of directions with before' },
  { column: 'seed_overlap_long', label: 'overlap of directions, seeds' },
] as const;

/** Returns what a layer learned, against epoch: drawn through since the first snapshot, dashed since the one before. */
export function learnedFigure(layer: string, rows: readonly LearnedRow[]): Figure {
  const runs = [...new Set(rows.map(({ run }) => run))];
  const shown = runs.slice(0, MOST_RUNS);
  const colors = sequenceColors(shown.length);
  const several = rows.some(({ seeds }) => seeds > 0);
  const curves = (column: (typeof PANELS)[number]['column']): Curve[] =>
    shown.flatMap((run, i) =>
      (['start', 'previous'] as const).map((since) => ({
        label: run,
        color: colors[i]!,
        dash: since === 'start' ? 'none' : '5 3',
        points: rows.flatMap((row) => {
          const y = row[column];
          return row.run !== run || row.since !== since || y === null
            ? []
            : [{ x: row.epoch, y, low: null, high: null }];
        }),
      })),
    );
  const x = epochScale(rows.map(({ epoch }) => epoch));
  const left = runs.length > MOST_RUNS ? ` (the first ${MOST_RUNS} of ${runs.length} runs)` : '';
  return {
    name: fileNamePart(`learned-by-epoch-${layer}`),
    svg: drawSheet({
      title: `What ${layer} learned, against epoch${left}`,
      subtitle: `W less the first snapshot (drawn through) and less the one before (dashed); the ${rows[0]!.top} leading singular vectors`,
      panels: PANELS.filter(({ column }) => several || column !== 'seed_overlap_long').map(
        ({ column, label }): Panel => ({ plot: curvesPlot(curves(column), { x, label }) }),
      ),
      columns: 2,
      panelWidth: 400,
      panelHeight: 230,
      legend: shown.map((label, i) => ({ label, color: colors[i]!, mark: 'line' })),
    }),
    columns: namesOf(LEARNED_COLUMNS),
    rows,
  };
}
