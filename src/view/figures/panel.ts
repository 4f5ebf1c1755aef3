import * as Plot from '@observablehq/plot';
import { largestOf } from '../../base/extremes.ts';
import { clippedPath } from './clippedPath.ts';

const CENTERED = { labelAnchor: 'center', labelArrow: 'none' } as const;
const LEFT_MARGIN = 56;
/** Mean width of a letter of the font at 11 px. */
export const LETTER = 6.7;

/** A curve narrower than this share of the axis is no pixel of it. */
const LEAST_WIDTH = 1e-3;

/** Returns the points of a curve, ascending; none where no pixel of it is seen. */
export function inSight<Point extends readonly [x: number, y: number]>(
  curve: readonly Point[],
  [low, high]: readonly [number, number],
): readonly Point[] {
  const width = curve.length === 0 ? 0 : curve.at(-1)![0] - curve[0]![0];
  return width > LEAST_WIDTH * (high - low) ? curve : [];
}

/** What a panel is drawn with. */
export interface Drawing {
  /** The browser's document, or one that stands for it in Node. */
  document: unknown;
  /** What the ids of its clip paths begin with: unlike that of any other panel of the document. */
  clip: string;
}

/** Returns the SVG group of a plot. Paths are cut to the panel and as much around it; coordinates are rounded to 1/100 pixel, so that the same data give the same text. */
export function drawPanel(
  options: Plot.PlotOptions,
  width: number,
  height: number,
  { document, clip }: Drawing,
): string {
  const drawn = Plot.plot({
    marginLeft: leftMargin(options.y),
    marginBottom: 40,
    marginTop: 10,
    marginRight: 14,
    ...options,
    x: { ...CENTERED, ...options.x },
    y: { ...CENTERED, ...options.y },
    width,
    height,
    document,
    className: 'panel',
  } as Plot.PlotOptions) as unknown as {
    innerHTML: string;
    querySelector(tag: string): { remove(): void } | null;
  };
  drawn.querySelector('style')?.remove();
  // A panel's size around the panel: no line that is drawn ends in sight for it.
  const frame = { left: -width, right: 2 * width, top: -height, bottom: 2 * height };
  // Plot numbers its clip paths through the life of the process; here they are numbered by panel.
  const clips = new Map<string, string>();
  return `<g text-anchor="middle">${drawn.innerHTML
    .replace(/plot-clip-\d+/g, (id) => {
      if (!clips.has(id)) clips.set(id, `${clip}-${clips.size}`);
      return clips.get(id)!;
    })
    .replace(/(?<= d=")[^"]*/g, (path) => clippedPath(path, frame))
    .replace(/<[^>]+>/g, (tag) =>
      tag.replace(/-?\d+\.\d{3,}(e-?\d+)?/g, (number) => String(Math.round(Number(number) * 100) / 100 + 0)),
    )}</g>`;
}

/** Room for the axis title and the longest label, where the labels are given. */
function leftMargin(y: Plot.ScaleOptions | undefined): number {
  const { ticks, tickFormat } = y ?? {};
  if (!Array.isArray(ticks) || typeof tickFormat !== 'function') return LEFT_MARGIN;
  return labelMargin(ticks.map((tick, i) => String(tickFormat(tick, i))));
}

/** Returns the margin that labels of an axis and its title need. */
export function labelMargin(labels: readonly string[]): number {
  return Math.max(LEFT_MARGIN, 32 + largestOf(labels.map((label) => label.length)) * LETTER);
}
