import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { bin, files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  bin: { phasewatch: string };
  files: string[];
};
let folder: string;
let launcher: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'launcher-'));
  launcher = join(folder, bin.phasewatch);
  cpSync(join(root, bin.phasewatch), launcher);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('is there in a checkout that was never compiled, and says what to do', () => {
  expect(statSync(launcher).mode & 0o111).not.toBe(0);
  expect(files).toContain(bin.phasewatch.split('/')[0]);
  const { status, stdout, stderr } = spawnSync(launcher, ['doctor'], { encoding: 'utf8' });
  expect({ status, stdout, lines: stderr.split('\n').length }).toEqual({ status: 2, stdout: '', lines: 2 });
  expect(stderr).toContain('npm run build');
});

it('hands the words of the command line to what is compiled', () => {
  mkdirSync(join(folder, 'dist/cli'), { recursive: true });
  writeFileSync(join(folder, 'dist/cli/main.js'), 'console.log(process.argv.slice(2).join("|"));');
  expect(spawnSync(launcher, ['analyze', 'a b'], { encoding: 'utf8' }).stdout).toBe('analyze|a b\n');
});
