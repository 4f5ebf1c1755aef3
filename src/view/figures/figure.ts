import type { CsvRow } from '../../experiment/results/csvFiles.ts';
import type { Phase } from '../../spectra/phase.ts';
import { PHASE_STYLE } from './phaseStyle.ts';

/** A drawn figure and the numbers in it. */
export interface Figure {
  /** File name without extension. */
  name: string;
  /** A whole SVG document; the same data give the same bytes. */
  svg: string;
  /** Columns and rows of the CSV that goes with it. */
  columns: readonly string[];
  rows: readonly CsvRow[];
}

/** Fonts of one metric or nearly so, one of which every system has; text stays text. */
export const FONT_FAMILY = 'DejaVu Sans, Verdana, Helvetica, Arial, sans-serif';

export const INK = '#1a1f27';
export const MUTED = '#5b6472';
export const BAR = '#9db7d5';
export const SPIKE = '#c2410c';
export const LAW = '#b00020';
export const TAIL = '#6a1b9a';

const SEQUENCE = ['#0d0887', '#5302a3', '#8b0aa5', '#b83289', '#db5c68', '#e8833a', '#c99a06'] as const;

/** Returns `count` colours that tell an order (small to large), all dark enough on white. */
export function sequenceColors(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const at = count === 1 ? 0 : (i / (count - 1)) * (SEQUENCE.length - 1);
    const low = Math.min(SEQUENCE.length - 2, Math.floor(at));
    const mixed = [1, 3, 5].map((position) => {
      const from = Number.parseInt(SEQUENCE[low]!.slice(position, position + 2), 16);
      const to = Number.parseInt(SEQUENCE[low + 1]!.slice(position, position + 2), 16);
      return Math.round(from + (to - from) * (at - low));
    });
    return `#${mixed.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
  });
}

/** The colours a figure is drawn in: on paper, or those of the page's theme. */
export interface FigureColors {
  ink: string;
  muted: string;
  grid: string;
  paper: string;
  bar: string;
  spike: string;
  law: string;
  tail: string;
  phase(phase: Phase): string;
  /** As many colours as asked for, which tell an order. */
  sequence(count: number): string[];
}

export const PAPER: FigureColors = {
  ink: INK,
  muted: MUTED,
  grid: '#e4e7ec',
  paper: '#ffffff',
  bar: BAR,
  spike: SPIKE,
  law: LAW,
  tail: TAIL,
  phase: (phase) => PHASE_STYLE[phase].light,
  sequence: sequenceColors,
};

/** Returns a part of a file name: what file systems and shells take without quotes. */
export function fileNamePart(text: string): string {
  return text.replace(/[^A-Za-z0-9.+=_-]+/g, '-');
}
