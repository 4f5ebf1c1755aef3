import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  allowedArrows,
  cycles,
  folderOf,
  foundArrows,
  isAllowed,
  reachable,
  readHouse,
  readTable,
  roomOf,
  TOP,
  unusedPermissions,
} from '../scripts/architecture.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const house = readHouse(root);
const table = readTable(root);
const source = (file: string): string => readFileSync(join(root, 'src', file), 'utf8');

describe('the table of folders in docs/reference/architecture.md', () => {
  it('has a row for every folder with files in it, and no other', () => {
    expect(table.map(({ folder }) => folder).sort()).toEqual([...new Set(house.files.map(folderOf))].sort());
    const rooms = new Set(house.files.map(roomOf));
    rooms.delete(TOP);
    expect(rooms.size).toBeLessThanOrEqual(10);
  });

  it('allows every import, of types too', () => {
    const strangers = [...foundArrows(house)].filter(
      ([, { from, to }]) => !isAllowed(table, folderOf(from), folderOf(to)),
    );
    expect(strangers.map(([arrow, { from, to }]) => `${arrow}: ${from} imports ${to}`)).toEqual([]);
  });

  it('allows nothing that no import needs', () => {
    expect(unusedPermissions(table, house)).toEqual([]);
  });

  it('allows no cycle of folders or rooms', () => {
    const arrows = allowedArrows(table);
    expect(cycles(arrows)).toEqual([]);
    const rooms = arrows.map(([from, to]) => [roomOf(from), roomOf(to)] as const);
    expect(cycles(rooms.filter(([from, to]) => from !== to))).toEqual([]);
  });
});

describe('the sources', () => {
  it('have no cycle of files', () => {
    const imports = house.imports.filter(({ kind }) => kind !== 'path');
    expect(cycles(imports.map(({ from, to }) => [from, to] as const))).toEqual([]);
  });

  it.each(['spectra', 'view/figures', 'base/random'])(
    'src/%s reaches no file, logger or engine',
    (folder) => {
      const allowed = ['node:crypto', '@observablehq/plot', 'linkedom'];
      const used = (file: string): string[] =>
        house.imports.filter(({ from, kind }) => from === file && kind !== 'type').map(({ to }) => to);
      const inside = house.files.filter((file) => file.startsWith(`${folder}/`));
      expect(inside).not.toEqual([]);
      const reached = new Set(inside.flatMap((file) => [file, ...reachable(file, used)]));
      const strangers = [...reached].flatMap((file) =>
        house.packages
          .get(file)!
          .filter((name) => !allowed.includes(name))
          .map((name) => `${file}: ${name}`),
      );
      expect(strangers).toEqual([]);
    },
  );

  it('print in one place, which cleans what it prints', () => {
    const printing = house.files.filter((file) =>
      /process\.(stdout|stderr)\.write|console\./.test(source(file)),
    );
    // TensorFlow's own words while it loads, cleaned there; a child process whose stdout is its answer.
    expect(printing).toEqual([
      'cli/output.ts',
      'train/engine/install/smokeCheck.ts',
      'train/engine/loadEngine.ts',
    ]);
  });

  it('spread no list into the arguments of a call, which a hundred thousand entries overflow', () => {
    const spread =
      /(Math\.(max|min|hypot)|\.(push|unshift|apply))\((?!\{)(?!.*=> \(?[[{]\s*\.\.\.)[^;{]*\.\.\./;
    const lines = house.files.flatMap((file) =>
      source(file)
        .split('\n')
        .filter((line) => spread.test(line) && !line.trim().startsWith('//'))
        .map((line) => `${file}: ${line.trim()}`),
    );
    expect(lines).toEqual([]);
  });

  it('load tf in one place', () => {
    const importing = house.files.filter((file) =>
      house.packages.get(file)!.some((name) => name.startsWith('@tensorflow/')),
    );
    expect(importing).toEqual([]);
    const requiring = house.files.filter((file) => source(file).includes("require('@tensorflow/"));
    expect(requiring).toEqual(['train/engine/loadEngine.ts']);
  });
});

it('tests lie in the rooms of what they test', () => {
  const folders = new Set(
    readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(test|long)\.ts$/.test(file))
      .map(dirname),
  );
  const known = ['.', 'bench', 'docs', ...table.map(({ folder }) => folder)];
  expect([...folders].filter((folder) => !known.includes(folder))).toEqual([]);
});
