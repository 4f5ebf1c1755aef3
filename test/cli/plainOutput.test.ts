import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it, vi } from 'vitest';
import { oneLine, plainJson } from '../../src/base/files/plainText.ts';
import { type Tensor, writeSafetensors } from '../../src/base/safetensors/safetensors.ts';
import { createProgressLine } from '../../src/view/terminal/progressLine.ts';
import { formatTable } from '../../src/view/terminal/table.ts';
import { phasewatch } from './phasewatchProcess.ts';

// Starting a process takes a second on an idle machine and a minute on a crowded one.
vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-plain-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a terminal obeys beside the end of a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const OBEYED = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/;
const EVIL = [
  '\u001b[31mred\u001b]0;title\u0007\u001b[2J',
  'a\nphasewatch: forged',
  '\u009b31m',
  '\u202etxt.exe',
  'tab\there',
  'back\r0',
];

it('shows what a terminal would obey', () => {
  expect(oneLine(EVIL[0]!)).toBe('\\x1b[31mred\\x1b]0;title\\x07\\x1b[2J');
  expect(oneLine(EVIL[1]!)).toBe('a\\nphasewatch: forged');
  expect(oneLine(EVIL[2]! + EVIL[3]!)).toBe('\\x9b31m\\u202etxt.exe');
  expect(oneLine('Größe 層 שלום 👩‍💻')).toBe('Größe 層 שלום 👩‍💻');
});

it('leaves JSON what it means', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const json = plainJson(JSON.stringify({ text }, null, 2));
      expect(json).not.toMatch(OBEYED);
      expect(JSON.parse(json)).toEqual({ text });
    }),
  );
});

it('keeps a table and the line of progress as many lines as they are', () => {
  const table = formatTable([{ title: 'name', text: (name: string) => name }], EVIL);
  expect(table).not.toMatch(OBEYED);
  expect(table.split('\n')).toHaveLength(1 + EVIL.length);
  for (const isTTY of [false, true]) {
    let written = '';
    const stream = { isTTY, columns: 80, write: (text: string) => (written += text) };
    const line = createProgressLine(stream);
    for (const name of EVIL) line.log(name);
    line.update(EVIL[1]!);
    const own = isTTY ? written.replaceAll('\r\u001b[2K', '') : written;
    expect(own).not.toMatch(OBEYED);
    expect(own.split('\n')).toHaveLength(isTTY ? 7 : 8);
  }
});

it('prints the layers of a hostile file, one a line, and their names exactly with --json', async () => {
  const path = join(folder, 'names.safetensors');
  const matrix = { dtype: 'F32', shape: [3, 2], data: Float32Array.from([1, 2, 3, 4, 5, 7]) } as const;
  const vector = { dtype: 'F32', shape: [2], data: Float32Array.from([1, 2]) } as const;
  writeSafetensors(
    path,
    new Map<string, Tensor>([
      ...EVIL.map((name) => [name, matrix] as const),
      ...EVIL.map((name) => [`${name}/bias`, vector] as const),
    ]),
  );
  const [plain, json, wrong] = await Promise.all([
    phasewatch(['analyze', path]),
    phasewatch(['analyze', path, '--json', '--quiet']),
    phasewatch(['analyze', path, '--layers', EVIL.join('')]),
  ]);
  expect([plain.code, json.code, wrong.code]).toEqual([0, 0, 2]);
  for (const text of [plain.stdout, plain.stderr, json.stdout, wrong.stderr])
    expect(text).not.toMatch(OBEYED);
  expect(plain.stdout.split('\n\n')[0]!.split('\n')).toHaveLength(1 + EVIL.length);
  expect(plain.stderr).not.toMatch(/^phasewatch: forged/m);
  const { layers } = JSON.parse(json.stdout) as { layers: { layer: string }[] };
  expect(layers.map(({ layer }) => layer).sort()).toEqual([...EVIL].sort());
});
