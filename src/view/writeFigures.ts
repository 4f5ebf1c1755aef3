import { join } from 'node:path';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import { csvText } from '../experiment/results/csvFiles.ts';
import { embedFont, FONT_FILES } from './figureFont.ts';
import type { Figure } from './figures/figure.ts';

/** Pixels of the PNG per unit of the SVG. */
const PNG_SCALE = 2;

export interface WrittenFigures {
  /** Paths of the SVG files; .csv and, unless `pngMissing` says why not, .png lie beside them. */
  figures: string[];
  pngMissing: string | null;
}

/** Writes every figure as SVG, CSV and, where the optional @resvg/resvg-js is there, PNG into `dir`; the font is in each of them. */
export async function writeFigures(dir: string, figures: Iterable<Figure>): Promise<WrittenFigures> {
  const { draw, missing } = await pngRenderer();
  const written: string[] = [];
  for (const { name, svg, columns, rows } of figures) {
    const path = join(dir, name);
    writeFileAtomic(`${path}.svg`, await embedFont(svg));
    writeFileAtomic(`${path}.csv`, csvText(rows, columns));
    if (draw !== null) writeFileAtomic(`${path}.png`, draw(svg));
    written.push(`${path}.svg`);
  }
  return { figures: written, pngMissing: missing };
}

type PngRenderer = { draw: (svg: string) => Uint8Array; missing: null } | { draw: null; missing: string };

async function pngRenderer(): Promise<PngRenderer> {
  const resvg = await import('@resvg/resvg-js').catch(() => null);
  if (resvg === null) {
    return { draw: null, missing: 'the optional package @resvg/resvg-js is not installed' };
  }
  const font = { loadSystemFonts: false, fontFiles: [...FONT_FILES], defaultFontFamily: 'DejaVu Sans' };
  const draw = (svg: string): Uint8Array =>
    new resvg.Resvg(svg, { fitTo: { mode: 'zoom', value: PNG_SCALE }, font }).render().asPng();
  return { draw, missing: null };
}
