import type * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { escapeMarkup } from '../../base/escapeMarkup.ts';
import { FONT_FAMILY, INK, MUTED } from './figure.ts';
import { drawPanel, LETTER } from './panel.ts';

const { document } = parseHTML('<!doctype html><html><body></body></html>');

export interface Panel {
  title?: string;
  plot: Plot.PlotOptions;
}

export interface LegendEntry {
  label: string;
  color: string;
  mark: 'fill' | 'line' | 'dashed' | 'dotted' | 'dot';
}

export interface Sheet {
  title: string;
  /** One line under the title: what a reader must know to read the figure. */
  subtitle?: string;
  panels: readonly Panel[];
  columns: number;
  panelWidth: number;
  panelHeight: number;
  legend?: readonly LegendEntry[];
}

const MARGIN = 12;
/** Mean width of a bold letter at 15 px. */
const BOLD_LETTER = 9.4;
/** Narrower, a subtitle breaks into too many lines. */
const MIN_WIDTH = 440;
const TITLE_HEIGHT = 24;
const SUBTITLE_HEIGHT = 18;
const PANEL_TITLE_HEIGHT = 18;
const LEGEND_ROW = 18;

/** Returns an SVG document of panels in a grid under a title, with one legend below. Coordinates are rounded to 1/100 pixel. */
export function drawSheet({
  title,
  subtitle,
  panels,
  columns,
  panelWidth,
  panelHeight,
  legend = [],
}: Sheet): string {
  const across = Math.min(columns, Math.max(1, panels.length));
  const width = Math.max(across * panelWidth, title.length * BOLD_LETTER, MIN_WIDTH) + 2 * MARGIN;
  const subtitleLines = subtitle === undefined ? [] : wrap(subtitle, width - 2 * MARGIN);
  const head = MARGIN + TITLE_HEIGHT + subtitleLines.length * SUBTITLE_HEIGHT;
  const panelTitle = panels.some((panel) => panel.title !== undefined) ? PANEL_TITLE_HEIGHT : 0;
  const rowHeight = panelHeight + panelTitle;
  const rows = Math.ceil(panels.length / across);
  const legendRows = layOutLegend(legend, width - 2 * MARGIN);
  const height = head + rows * rowHeight + legendRows.length * LEGEND_ROW + MARGIN;
  const body = panels.map((panel, i) => {
    const x = MARGIN + (i % across) * panelWidth;
    const y = head + Math.floor(i / across) * rowHeight;
    const name =
      panel.title === undefined
        ? ''
        : `<text x="${x + panelWidth / 2}" y="${y + 12}" font-size="12" text-anchor="middle">${escapeMarkup(panel.title)}</text>`;
    return `${name}<g transform="translate(${x},${y + panelTitle})">${drawPanel(panel.plot, panelWidth, panelHeight, { document, clip: `clip-${i}` })}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${FONT_FAMILY}" font-size="11" fill="${INK}" color="${INK}">
<title>${escapeMarkup(title)}</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<text x="${MARGIN}" y="${MARGIN + 14}" font-size="15" font-weight="bold">${escapeMarkup(title)}</text>
${subtitleLines.map((line, i) => `<text x="${MARGIN}" y="${MARGIN + TITLE_HEIGHT + 10 + i * SUBTITLE_HEIGHT}" fill="${MUTED}">${escapeMarkup(line)}</text>`).join('\n')}
${body.join('\n')}
${legendRows.map((row, i) => drawLegendRow(row, height - MARGIN - (legendRows.length - i) * LEGEND_ROW + 12)).join('\n')}
</svg>
`;
}

interface PlacedEntry extends LegendEntry {
  x: number;
}

function layOutLegend(entries: readonly LegendEntry[], width: number): PlacedEntry[][] {
  const rows: PlacedEntry[][] = [];
  let x = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const needed = 28 + entry.label.length * LETTER + 14;
    if (x + needed > width + MARGIN) {
      rows.push([]);
      x = MARGIN;
    }
    rows.at(-1)!.push({ ...entry, x });
    x += needed;
  }
  return rows;
}

function drawLegendRow(row: readonly PlacedEntry[], y: number): string {
  return row
    .map(({ x, label, color, mark }) => {
      const dash = {
        dashed: ' stroke-dasharray="5 3"',
        dotted: ' stroke-dasharray="1.5 3"',
        line: '',
        fill: '',
        dot: '',
      }[mark];
      const sign =
        mark === 'fill'
          ? `<rect x="${x}" y="${y - 9}" width="20" height="10" fill="${color}"/>`
          : mark === 'dot'
            ? `<circle cx="${x + 10}" cy="${y - 4}" r="4" fill="${color}"/>`
            : `<line x1="${x}" x2="${x + 20}" y1="${y - 4}" y2="${y - 4}" stroke="${color}" stroke-width="2"${dash}/>`;
      return `${sign}<text x="${x + 26}" y="${y}">${escapeMarkup(label)}</text>`;
    })
    .join('');
}

function wrap(text: string, width: number): string[] {
  const letters = Math.floor(width / LETTER);
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > letters) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
