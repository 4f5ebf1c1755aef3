import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import subsetFont from 'subset-font';

const require = createRequire(import.meta.url);
/** The first of the fonts that figures name, in the two weights they use. */
const FACES = [
  { weight: 'normal', path: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf') },
  { weight: 'bold', path: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf') },
] as const;

/** Files of the font, for renderers that read no fonts out of an SVG. */
export const FONT_FILES: readonly string[] = FACES.map(({ path }) => path);

/**
 * Returns the SVG with the letters it uses of DejaVu Sans embedded, so that it looks the same where that font is not installed. The
 * same SVG gives the same bytes.
 */
export async function embedFont(svg: string): Promise<string> {
  const letters = [...new Set(svg.replace(/<[^>]*>/g, '') + entities(svg))].sort().join('');
  const faces = FACES.filter(({ weight }) => weight === 'normal' || svg.includes('font-weight="bold"'));
  const rules = await Promise.all(
    faces.map(async ({ weight, path }) => {
      const font = await subsetFont(fontFile(path), letters, { targetFormat: 'woff2' });
      const data = Buffer.from(font).toString('base64');
      return `@font-face{font-family:'DejaVu Sans';font-weight:${weight};src:url(data:font/woff2;base64,${data}) format('woff2')}`;
    }),
  );
  const root = svg.indexOf('>', svg.indexOf('<svg')) + 1;
  return `${svg.slice(0, root)}<style>${rules.join('')}</style>${svg.slice(root)}`;
}

const read = new Map<string, Buffer>();

function fontFile(path: string): Buffer {
  const data = read.get(path) ?? readFileSync(path);
  read.set(path, data);
  return data;
}

/** Letters that an SVG writes as entities. */
function entities(svg: string): string {
  const named: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' };
  return [...svg.matchAll(/&\w+;/g)].map(([entity]) => named[entity] ?? '').join('');
}
