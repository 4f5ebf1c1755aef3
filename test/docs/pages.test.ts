import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { commandsMarkdown } from '../../scripts/commandsReference.ts';
import { PAGES_WITH_TABLES, withTables } from '../../scripts/reproductionTables.ts';
import { anchors, pageLines, wordsASentence } from './prose.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SHELVES = ['guide', 'reference', 'notebook'];
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs/README.md',
  ...SHELVES.flatMap((shelf) =>
    readdirSync(join(root, 'docs', shelf)).map((name) => join('docs', shelf, name)),
  ),
];
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Links of a page outside of code, as paths from the root with their anchors. */
function links(path: string): { path: string; anchor: string | undefined }[] {
  const text = pageLines(read(path))
    .filter(({ kind }) => kind !== 'code')
    .map((line) => line.text)
    .join('\n');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .filter(([, url]) => !/^[a-z]+:/.test(url!))
    .map(([, url]) => {
      const [file, anchor] = url!.split('#');
      return { path: file === '' ? path : normalize(join(dirname(path), file!)), anchor };
    });
}

describe.each(PAGES)('%s', (path) => {
  it('has no line of more than 100 characters outside of tables', () => {
    const long = pageLines(read(path)).filter(({ kind, text }) => kind !== 'table' && text.length > 100);
    expect(long).toEqual([]);
  });

  it('links to what is there', () => {
    const dead = links(path).filter(
      (link) =>
        !existsSync(join(root, link.path)) ||
        (link.anchor !== undefined && !anchors(read(link.path)).includes(link.anchor)),
    );
    expect(dead).toEqual([]);
  });

  it('writes 0.767, not .767', () => {
    const short = pageLines(read(path)).filter(({ text }) => /(?<![\w.*/\])}`"'>:-])-?\.\d/.test(text));
    expect(short).toEqual([]);
  });
});

it('docs/README.md lists every page of the three shelves', () => {
  const listed = links('docs/README.md').map((link) => link.path);
  expect(PAGES.filter((path) => SHELVES.some((shelf) => path.startsWith(`docs/${shelf}/`)))).toEqual(
    expect.arrayContaining(listed),
  );
  expect(new Set(listed).size).toBe(PAGES.length - 4);
});

it('README.md is short: under 90 lines, none of more than 100 characters, 15 words a sentence', () => {
  const lines = read('README.md').split('\n');
  expect(lines.length).toBeLessThan(90);
  expect(lines.filter((line) => line.length > 100)).toEqual([]);
  expect(wordsASentence(read('README.md'))).toBeLessThan(15);
});

it('docs/reference/commands.md is what the commands say of themselves (npm run reference)', async () => {
  expect(read('docs/reference/commands.md')).toBe(await commandsMarkdown());
});

it.each(PAGES_WITH_TABLES)(
  'the tables of docs/notebook/%s are those of results/ (npm run reference)',
  (name) => {
    const page = read(`docs/notebook/${name}`);
    expect(page).toBe(withTables(page, join(root, 'results')));
  },
);
