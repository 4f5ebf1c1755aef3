import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { PHASES } from '../../spectra/phase.ts';
import { type Figure, fileNamePart } from './figure.ts';
import { numberAxis, type PhaseAxis, phaseMapPanel } from './phaseMapPanel.ts';
import { PHASE_STYLE } from './phaseStyle.ts';
import { drawSheet } from './sheet.ts';

/** Returns the phase of a layer by batch size (down) and epoch (across); a cell of several runs shows the most frequent phase. */
export function phaseMapByEpochFigure(name: string, title: string, rows: readonly JoinedRow[]): Figure {
  return phaseMapFigure(name, title, rows, numberAxis(rows, 'epoch', 'epoch'));
}

/** Returns the phase of a layer by batch size (down) and learning rate (across); give the rows of one epoch. */
export function phaseMapByLearningRateFigure(
  name: string,
  title: string,
  rows: readonly JoinedRow[],
): Figure {
  return phaseMapFigure(name, title, rows, numberAxis(rows, 'learning_rate', 'learning rate'));
}

function phaseMapFigure(name: string, title: string, rows: readonly JoinedRow[], x: PhaseAxis): Figure {
  const { plot, width, height, cells } = phaseMapPanel(rows, x, numberAxis(rows, 'batch_size', 'batch size'));
  const shown = PHASES.filter((phase) => cells.some((cell) => cell.phase === phase));
  return {
    name: fileNamePart(name),
    svg: drawSheet({
      title,
      subtitle:
        'Labels of this project\u2019s classifier; ? marks the ambiguous and, of several runs, the divided.',
      panels: [{ plot }],
      columns: 1,
      panelWidth: width,
      panelHeight: height,
      legend: shown.map((phase) => ({
        label: `${PHASE_STYLE[phase].short} ${phase}`,
        color: PHASE_STYLE[phase].light,
        mark: 'fill',
      })),
    }),
    columns: [
      'run',
      'batch_size',
      'learning_rate',
      'setting',
      'layer',
      'epoch',
      'phase',
      'phase_confidence',
      'phase_ambiguous',
    ],
    rows,
  };
}
