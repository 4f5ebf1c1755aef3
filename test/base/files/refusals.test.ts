import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { makeFolder } from '../../../src/base/files/makeFolder.ts';
import { systemFailure } from '../../../src/base/files/systemError.ts';
import { phasewatch } from '../../cli/phasewatchProcess.ts';

vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'refusals-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'file');
writeFileSync(file, '');

function failureOf(act: () => void): ReturnType<typeof systemFailure> {
  try {
    act();
  } catch (error) {
    return systemFailure(error);
  }
  return null;
}

describe('a folder', () => {
  it('is made with those above it, and may be there', () => {
    const path = join(folder, 'a', 'b', 'c');
    makeFolder(path);
    makeFolder(path);
    expect(statSync(path).isDirectory()).toBe(true);
  });

  it.skipIf(!existsSync('/proc/self'))('that cannot be made is an error, not a wait without end', () => {
    expect(failureOf(() => makeFolder('/proc/x/y'))?.text).toBe(
      '/proc/x could not be made: there is no such file or folder (ENOENT)',
    );
  });

  it('of the name of a file, below one, of a long name or in a circle of links is refused', () => {
    expect(() => makeFolder(file)).toThrow(`${file} must be a folder, got something else of that name`);
    expect(failureOf(() => makeFolder(join(file, 'x')))?.text).toContain('a part of the path is a file');
    expect(failureOf(() => makeFolder(join(folder, 'x'.repeat(300))))?.text).toContain(
      'too long (ENAMETOOLONG)',
    );
    symlinkSync('circle', join(folder, 'circle'));
    expect(failureOf(() => makeFolder(join(folder, 'circle', 'x')))?.text).toContain('in a circle (ELOOP)');
  });
});

it('says what the system refused, and tells circumstances from mistakes', () => {
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
  expect(systemFailure(full)).toEqual({
    text: 'a file could not be written: no space is left (ENOSPC)',
    circumstances: true,
  });
  expect(failureOf(() => readFileSync(join(folder, 'none')))).toEqual({
    text: `${join(folder, 'none')} could not be opened: there is no such file or folder (ENOENT)`,
    circumstances: false,
  });
  expect(failureOf(() => void new Uint8Array(2 ** 40))?.text).toMatch(/^memory must suffice, got: /);
  expect(systemFailure(new RangeError('index must be 0'))).toBeNull();
});

const CONFIG = fileConfig();

it.each([
  ['run', CONFIG, '--out', '/proc/x'],
  ['run', CONFIG, '--out', file],
  ['train', CONFIG, '--out', join(file, 'x')],
  ['run', CONFIG, '--out', 'x'.repeat(300)],
  ['run', CONFIG, '--out', ''],
  ['run', 'x'.repeat(5000)],
  ['analyze', 'x'.repeat(5000)],
  ['export', new URL('../../fixtures/weights/matrix.npy', import.meta.url).pathname, '--to', file],
  [
    'analyze',
    new URL('../../fixtures/weights/matrix.npy', import.meta.url).pathname,
    '--csv',
    join(file, 'x'),
  ],
])('a mistaken path is one line and exit code 2: %s %.30s %s %.30s', async (...words) => {
  const { code, stderr } = await phasewatch(words);
  expect(code).toBe(2);
  expect(stderr).not.toContain('    at ');
  expect(stderr.match(/^phasewatch: .+$/gm)).toHaveLength(1);
});

function fileConfig(): string {
  const path = join(folder, 'tiny.yaml');
  writeFileSync(
    path,
    'network: mlp3\ndataset: mnist\ntrainImages: 200\ntestImages: 100\nepochs: 1\nbatchSize: 50\n',
  );
  return path;
}
