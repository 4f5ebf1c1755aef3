import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-interrupted-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Seconds of work for the solver of the engine, minutes for the one in TypeScript. */
const SIDE = 5000;
const large = join(folder, 'large.npy');
const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${SIDE}, ${SIDE}), }`.padEnd(117);
const W = Float32Array.from({ length: SIDE * SIDE }, (_, at) => Math.sin(at * at));
writeFileSync(
  large,
  Buffer.concat([Buffer.from(`\x93NUMPY\x01\0\x76\0${header}\n`, 'latin1'), Buffer.from(W.buffer)]),
);

describe('analyze of one large matrix', () => {
  it.each([
    ['read, with the engine', 'SIGTERM', 0, {}],
    ['solved, with the engine', 'SIGINT', 3000, {}],
    ['read, without an engine', 'SIGINT', 0, { PHASEWATCH_CACHE: folder }],
    ['solved, without an engine', 'SIGTERM', 3000, { PHASEWATCH_CACHE: folder }],
  ] as const)(
    'that is being %s ends by %s',
    async (_, signal, wait, env) => {
      const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'analyze', large], {
        cwd: root,
        env: { ...process.env, ...env },
      });
      let stdout = '';
      child.stdout.on('data', (chunk) => {
        stdout += chunk;
      });
      // It says which layer it is at, and then reads it.
      await once(child.stderr, 'data');
      setTimeout(() => child.kill(signal), wait);
      const [code, name] = await once(child, 'close');
      expect(code ?? 128 + constants.signals[name as NodeJS.Signals]).toBe(128 + constants.signals[signal]);
      expect(stdout).toBe('');
    },
    60_000,
  );
});
