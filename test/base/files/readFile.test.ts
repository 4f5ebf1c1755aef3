import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fileSha256 } from '../../../src/base/files/checksums.ts';
import { openRandomAccess } from '../../../src/base/files/randomAccessFile.ts';
import { readBytes, readJson, readText } from '../../../src/base/files/readFile.ts';
import { UserError } from '../../../src/base/userError.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-read-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pipe = join(folder, 'pipe');
execFileSync('mkfifo', [pipe]);
mkdirSync(join(folder, 'folder'));
symlinkSync('/dev/zero', join(folder, 'zero'));
symlinkSync('pipe', join(folder, 'to-pipe'));

const refusals: [string, string][] = [
  ['pipe', 'must be a regular file, got a pipe'],
  ['to-pipe', 'must be a regular file, got a pipe'],
  ['zero', 'must be a regular file, got a device'],
  ['folder', 'must be a regular file, got a folder'],
  ['nothing', 'must be a readable file, got ENOENT'],
  ['pipe/below', 'must be a readable file, got ENOTDIR'],
];

test.each(refusals)('%s is no file to read, whoever asks, and holds nobody up', (name, message) => {
  const path = join(folder, name);
  for (const read of [readBytes, readText, readJson, fileSha256, openRandomAccess]) {
    expect(() => read(path)).toThrow(new UserError(`${path} ${message}`));
  }
  expect(() => readBytes(path, { pipe: true })).toThrow(UserError);
});

test('a file is read whole, up to its limit', () => {
  const path = join(folder, 'file');
  writeFileSync(path, 'x'.repeat(300_000));
  expect(readText(path)).toBe('x'.repeat(300_000));
  expect(readText(path, { limit: 300_000 })).toHaveLength(300_000);
  expect(() => readText(path, { limit: 299_999 })).toThrow('must have at most 299999 bytes, got 300000');
  truncateSync(path, 0);
  expect(readText(path)).toBe('');
  truncateSync(path, 2 ** 33);
  expect(() => readBytes(path)).toThrow(/must have at most \d+ bytes, got 8589934592/);
});

test('a file whose size says nothing is read to its end, or to the limit', () => {
  expect(readText('/proc/self/stat')).toContain(String(process.pid));
  expect(() => readText('/proc/cpuinfo', { limit: 10 })).toThrow('must have at most 10 bytes, got more');
});

test('a pipe that the shell opened for it is read where one may be given, up to the limit', async () => {
  const script = `
    const { readText } = await import('./src/base/files/readFile.ts');
    const read = (options) => { try { return readText(process.argv[1], options); } catch (error) { return error.message; } };
    console.log(JSON.stringify([read({}), read({ pipe: true, limit: 5 })]));`;
  const child = spawn('bash', [
    '-c',
    'exec "$0" --input-type=module --import tsx -e "$1" <(printf 123456)',
    process.execPath,
    script,
  ]);
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  await new Promise((resolve) => child.on('close', resolve));
  const [refused, limited] = JSON.parse(said) as string[];
  expect(refused).toMatch(/must be a regular file, got a pipe/);
  expect(limited).toMatch(/must have at most 5 bytes, got more/);
});
