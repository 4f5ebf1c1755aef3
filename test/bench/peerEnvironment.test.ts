import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { peerPython } from '../../bench/peerEnvironment.ts';

// A python3 that writes down how it was called, makes `bin/python` a copy of itself, and fails in pip when told to.
const PYTHON = `#!/bin/sh
echo "$@" >>"$LOG"
case "$2" in
venv) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
pip) [ -z "$FAIL" ] || { echo "no matching distribution" >&2; exit 1; } ;;
esac
`;
const set = { name: 'two', packages: ['one==1', 'two'], size: 'little' };

let folder: string;
let log: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phasewatch-peers-'));
  log = join(folder, 'log');
  writeFileSync(join(folder, 'python3'), PYTHON);
  chmodSync(join(folder, 'python3'), 0o755);
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
  vi.stubEnv('PHASEWATCH_CACHE', join(folder, 'cache'));
  vi.stubEnv('LOG', log);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('peerPython', () => {
  it('makes the environment once', async () => {
    const notes: string[] = [];
    const python = await peerPython(set, (text) => notes.push(text));
    expect(existsSync(python)).toBe(true);
    expect(readFileSync(log, 'utf8')).toMatch(/^-m venv .*peers\/two\n-m pip install .* one==1 two\n$/);
    expect(notes).toHaveLength(1);
    expect(await peerPython(set, (text) => notes.push(text))).toBe(python);
    expect(notes).toHaveLength(1);
  });

  it('makes it anew when other packages are wanted', async () => {
    await peerPython(set, () => {});
    await peerPython({ ...set, packages: ['one==2'] }, () => {});
    expect(readFileSync(log, 'utf8')).toMatch(/ one==2\n$/);
  });

  it('never takes a half-made environment for a whole one', async () => {
    vi.stubEnv('FAIL', '1');
    await expect(peerPython(set, () => {})).rejects.toThrow(
      /must succeed, got exit code 1: no matching distribution/,
    );
    await expect(peerPython(set, () => {})).rejects.toThrow(/must succeed/);
    vi.stubEnv('FAIL', '');
    expect(existsSync(await peerPython(set, () => {}))).toBe(true);
  });
});
