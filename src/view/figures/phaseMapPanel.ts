import * as Plot from '@observablehq/plot';
import { largestOf } from '../../base/extremes.ts';
import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { PHASES, type Phase } from '../../spectra/phase.ts';
import { type FigureColors, PAPER } from './figure.ts';
import { LETTER, labelMargin } from './panel.ts';
import { PHASE_STYLE } from './phaseStyle.ts';

/** A place of the map: the rows that share it, most often one. */
export interface PhaseCell {
  x: string;
  y: string;
  phase: Phase;
  ambiguous: boolean;
  rows: readonly JoinedRow[];
}

export interface PhaseAxis {
  label: string;
  /** What a row is placed by, null for one that has no place. */
  of(row: JoinedRow): string | null;
  /** The places in order. */
  domain: readonly string[];
}

export interface PhaseMapOptions {
  /** Pixels for the cells and the labels beside them; as many as the cells like without it. */
  width?: number;
  rowHeight?: number;
  colors?: FigureColors;
  /** Where a cell leads to. */
  href?: (cell: PhaseCell) => string;
  /** What is said of a cell that one points at. */
  describe?: (cell: PhaseCell) => string;
}

export interface PhaseMapPanel {
  plot: Plot.PlotOptions;
  width: number;
  height: number;
  cells: readonly PhaseCell[];
}

/** Returns the map of phases with one rectangle a cell; the letters of a phase stand once where neighbours are alike. */
export function phaseMapPanel(
  rows: readonly JoinedRow[],
  x: PhaseAxis,
  y: PhaseAxis,
  { width, rowHeight = 30, colors = PAPER, href, describe }: PhaseMapOptions = {},
): PhaseMapPanel {
  const cells = cellsOf(rows, x, y);
  const left = Math.max(70, labelMargin(y.domain) + 4);
  const room = width === undefined ? undefined : width - left - RIGHT;
  const across = Math.max(1, x.domain.length);
  const cellWidth = Math.min(46, room === undefined ? Math.max(7, 760 / across) : room / across);
  const inner = across * cellWidth;
  const stride = Math.ceil(Math.max(28, 8 * largestOf(x.domain.map((at) => at.length))) / cellWidth);
  const names = stretchNames(cells, x.domain, cellWidth);
  return {
    plot: {
      marginLeft: left,
      marginRight: width === undefined ? RIGHT : Math.max(RIGHT, width - left - inner),
      padding: 0.04,
      x: {
        type: 'band',
        domain: [...x.domain],
        label: x.label,
        ticks: x.domain.filter((_, i) => i % stride === 0),
      },
      y: { type: 'band', domain: [...y.domain], label: y.label },
      marks: [
        Plot.cell(cells, {
          x: 'x',
          y: 'y',
          fill: (cell: PhaseCell) => colors.phase(cell.phase),
          ...(href === undefined ? {} : { href }),
          ...(describe === undefined ? {} : { ariaLabel: describe, title: describe }),
        }),
        ...[0, cellWidth / 2].map((dx) =>
          Plot.text(
            names.filter((name) => name.dx === dx),
            { x: 'x', y: 'y', dx, text: 'text', fontSize: 10, pointerEvents: 'none' },
          ),
        ),
      ],
    },
    width: width ?? Math.max(300, inner + left + RIGHT),
    height: Math.max(1, y.domain.length) * rowHeight + 60,
    cells,
  };
}

const RIGHT = 14;

/** The letters of each stretch of one phase in a row, at its middle, where there is room for them. */
function stretchNames(
  cells: readonly PhaseCell[],
  domain: readonly string[],
  cellWidth: number,
): { x: string; y: string; dx: number; text: string }[] {
  const at = new Map(cells.map((cell) => [`${cell.y}/${cell.x}`, cell]));
  const nameOf = (cell: PhaseCell): string => PHASE_STYLE[cell.phase].short + (cell.ambiguous ? '?' : '');
  return [...new Set(cells.map((cell) => cell.y))].flatMap((y) => {
    const names: { x: string; y: string; dx: number; text: string }[] = [];
    for (let start = 0; start < domain.length; ) {
      const cell = at.get(`${y}/${domain[start]}`);
      let end = start + 1;
      if (cell !== undefined) {
        const alike = (i: number): boolean => {
          const other = at.get(`${y}/${domain[i]}`);
          return other !== undefined && nameOf(other) === nameOf(cell);
        };
        while (end < domain.length && alike(end)) end++;
        const text = nameOf(cell);
        const middle = Math.floor((start + end - 1) / 2);
        if ((end - start) * cellWidth >= text.length * LETTER + 2) {
          const dx = (end - start) % 2 === 0 ? cellWidth / 2 : 0;
          names.push({ x: domain[middle]!, y, dx, text });
        }
      }
      start = end;
    }
    return names;
  });
}

/** Returns the axis of a number of the rows, ascending. */
export function numberAxis(
  rows: readonly JoinedRow[],
  column: 'epoch' | 'batch_size' | 'learning_rate',
  label: string,
): PhaseAxis {
  const known = rows.filter((row) => row.phase !== null).map((row) => row[column]);
  const values = known.filter((value) => value !== null);
  return {
    label,
    of: (row) => (row[column] === null ? null : String(row[column])),
    domain: ascending(values).map(String),
  };
}

function cellsOf(rows: readonly JoinedRow[], x: PhaseAxis, y: PhaseAxis): PhaseCell[] {
  const places = new Map<string, { x: string; y: string; rows: JoinedRow[] }>();
  for (const row of rows) {
    const [across, down] = [x.of(row), y.of(row)];
    if (row.phase === null || across === null || down === null) continue;
    const place = places.get(`${down}/${across}`);
    if (place === undefined) places.set(`${down}/${across}`, { x: across, y: down, rows: [row] });
    else place.rows.push(row);
  }
  return [...places.values()].map((place) => {
    const votes = PHASES.map((phase) => place.rows.filter((row) => row.phase === phase).length);
    const most = largestOf(votes);
    const phase = PHASES[votes.indexOf(most)]!;
    const ambiguous =
      most < place.rows.length ||
      place.rows.some((row) => row.phase === phase && row.phase_ambiguous === true);
    return { ...place, phase, ambiguous };
  });
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
