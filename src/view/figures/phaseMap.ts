import * as Plot from '@observablehq/plot';
import { largestOf } from '../../base/extremes.ts';
import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { PHASES, type Phase } from '../../spectra/phase.ts';
import { type Figure, fileNamePart } from './figure.ts';
import { PHASE_STYLE } from './phaseStyle.ts';
import { drawSheet } from './sheet.ts';

interface Cell {
  x: string;
  y: string;
  phase: Phase;
  /** Rows of the cell that have this phase, of those that have one. */
  votes: number;
  of: number;
  ambiguous: boolean;
}

/** Returns the phase of a layer by batch size (down) and epoch (across); a cell of several runs shows the most frequent phase. */
export function phaseMapByEpochFigure(name: string, title: string, rows: readonly JoinedRow[]): Figure {
  return phaseMap(name, title, rows, {
    x: { column: 'epoch', label: 'epoch' },
    y: { column: 'batch_size', label: 'batch size' },
  });
}

/** Returns the phase of a layer by batch size (down) and learning rate (across); give the rows of one epoch. */
export function phaseMapByLearningRateFigure(
  name: string,
  title: string,
  rows: readonly JoinedRow[],
): Figure {
  return phaseMap(name, title, rows, {
    x: { column: 'learning_rate', label: 'learning rate' },
    y: { column: 'batch_size', label: 'batch size' },
  });
}

interface Axis {
  column: 'epoch' | 'batch_size' | 'learning_rate';
  label: string;
}

function phaseMap(
  name: string,
  title: string,
  rows: readonly JoinedRow[],
  { x, y }: { x: Axis; y: Axis },
): Figure {
  const labelled = rows.filter(
    (row) => row.phase !== null && row[x.column] !== null && row[y.column] !== null,
  );
  const across = ascending(labelled.map((row) => row[x.column]!));
  const down = ascending(labelled.map((row) => row[y.column]!));
  const cells = cellsOf(labelled, x.column, y.column);
  const cellWidth = Math.max(7, Math.min(46, 760 / Math.max(1, across.length)));
  const stride = Math.ceil(28 / cellWidth);
  const roomForText = cellWidth >= 30;
  const width = Math.max(300, across.length * cellWidth + 90);
  const shown = PHASES.filter((phase) => cells.some((cell) => cell.phase === phase));
  return {
    name: fileNamePart(name),
    svg: drawSheet({
      title,
      subtitle:
        'Labels of this project\u2019s classifier; ? marks the ambiguous and, of several runs, the divided.',
      panels: [
        {
          plot: {
            marginLeft: 70,
            padding: 0.04,
            x: {
              type: 'band',
              domain: across.map(String),
              label: x.label,
              ticks: across.filter((_, i) => i % stride === 0).map(String),
            },
            y: { type: 'band', domain: down.map(String), label: y.label },
            marks: [
              Plot.cell(cells, { x: 'x', y: 'y', fill: (cell: Cell) => PHASE_STYLE[cell.phase].light }),
              ...(roomForText
                ? [
                    Plot.text(cells, {
                      x: 'x',
                      y: 'y',
                      fontSize: 10,
                      text: (cell: Cell) => `${PHASE_STYLE[cell.phase].short}${cell.ambiguous ? '?' : ''}`,
                    }),
                  ]
                : []),
            ],
          },
        },
      ],
      columns: 1,
      panelWidth: width,
      panelHeight: Math.max(1, down.length) * 30 + 60,
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

function cellsOf(rows: readonly JoinedRow[], x: Axis['column'], y: Axis['column']): Cell[] {
  const places = new Map<string, JoinedRow[]>();
  for (const row of rows) {
    const key = `${row[x]}/${row[y]}`;
    places.set(key, [...(places.get(key) ?? []), row]);
  }
  return [...places.values()].map((group) => {
    const votes = PHASES.map((phase) => group.filter((row) => row.phase === phase).length);
    const most = largestOf(votes);
    const phase = PHASES[votes.indexOf(most)]!;
    return {
      x: String(group[0]![x]),
      y: String(group[0]![y]),
      phase,
      votes: most,
      of: group.length,
      ambiguous:
        most < group.length || group.some((row) => row.phase === phase && row.phase_ambiguous === true),
    };
  });
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
