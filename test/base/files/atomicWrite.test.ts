import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { removeTemporaries, temporaryPath, writeFileAtomic } from '../../../src/base/files/atomicWrite.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-atomic-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('SIGTERM waits until the file is in place, and then ends the process', async () => {
  const path = join(folder, 'large');
  const script = `
    const { writeFileAtomic } = await import('./src/base/files/atomicWrite.ts');
    for (;;) {
      writeFileAtomic(process.argv[1], new Uint8Array(2 ** 26));
      await new Promise((resolve) => setImmediate(resolve));
    }`;
  const words = ['--input-type=module', '--import', 'tsx', '-e', script, path];
  const child = spawn(process.execPath, words, { stdio: 'inherit' });
  const ended = new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)));
  const temporary = temporaryPath(path, child.pid);
  while (!existsSync(temporary) && child.exitCode === null) await sleep(1);
  child.kill('SIGTERM');
  expect(await ended).toBe('SIGTERM');
  expect(readdirSync(folder)).toEqual(['large']);
  expect(statSync(path).size).toBe(2 ** 26);
});

test('temporary files of the dead are removed, no others', () => {
  const own = mkdtempSync(join(folder, 'own-'));
  const names = [
    temporaryPath('metrics.csv', 2 ** 30),
    temporaryPath('metrics.csv'),
    'metrics.csv',
    'mine.tmp',
  ];
  for (const name of names) writeFileSync(join(own, name), '');
  removeTemporaries(own, Date.now());
  expect(readdirSync(own).sort()).toEqual(names.slice(1).sort());
});

test('temporary files of processes elsewhere, whose numbers say nothing here, are removed when they are old', () => {
  const own = mkdtempSync(join(folder, 'others-'));
  const names = ['spectra.csv.0a1b2c3d.1.tmp', `spectra.csv.0a1b2c3d.${2 ** 30}.tmp`];
  for (const name of names) writeFileSync(join(own, name), '');
  removeTemporaries(own, Date.now());
  expect(readdirSync(own).sort()).toEqual(names.sort());
  const yesterday = new Date(Date.now() - 86_400_000);
  utimesSync(join(own, names[0]!), yesterday, yesterday);
  removeTemporaries(own, Date.now());
  expect(readdirSync(own)).toEqual([names[1]]);
});

test('what is there and is no regular file stays what it is', () => {
  const own = mkdtempSync(join(folder, 'kinds-'));
  const pipe = join(own, 'pipe');
  execFileSync('mkfifo', [pipe]);
  expect(() => writeFileAtomic(pipe, 'x')).toThrow(`${pipe} must be a file to write, got a pipe`);
  expect(lstatSync(pipe).isFIFO()).toBe(true);
  const below = join(own, 'below');
  mkdirSync(below);
  expect(() => writeFileAtomic(below, 'x')).toThrow(`${below} must be a file to write, got a folder`);
  const device = join(own, 'device');
  symlinkSync('/dev/null', device);
  expect(() => writeFileAtomic(device, 'x')).toThrow('must be a file to write, got a link to something else');
  expect(lstatSync(device).isSymbolicLink()).toBe(true);
  writeFileAtomic(join(own, 'plain'), 'old');
  writeFileAtomic(join(own, 'plain'), 'new');
  expect(readFileSync(join(own, 'plain'), 'utf8')).toBe('new');
  expect(readdirSync(own).sort()).toEqual(['below', 'device', 'pipe', 'plain']);
});
