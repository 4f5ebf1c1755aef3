import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import { verifyResults } from '../../src/experiment/status/verifyResults.ts';
import { writeConfig } from '../experiment/config/writtenConfig.ts';
import { endState } from './endState.ts';

const KILLS = 20;
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-killed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = writeConfig(
  `network: lenet5
dataset: mnist
trainImages: 3000
testImages: 500
epochs: 4
sweep: { batchSize: [8, 32, 100], seed: [1, 2] }
`,
  'killed.yaml',
);

/** Starts the sweep as the leader of a process group, so that a signal reaches it and its children. */
function start(out: string): { child: ChildProcess; ended: Promise<number | null> } {
  const words = ['--import', 'tsx', 'src/cli/main.ts', 'run', config, '--out', out, '--quiet'];
  const child = spawn(process.execPath, words, {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { child, ended: new Promise((resolve) => child.on('exit', (code) => resolve(code))) };
}

describe('a sweep of six runs, as many side by side as were chosen', () => {
  it(`killed ${KILLS} times with all its processes and started again ends as an undisturbed one, file by file`, async () => {
    const whole = join(folder, 'whole');
    expect(await start(whole).ended).toBe(0);

    const killed = join(folder, 'killed');
    const moments = randomStream(1, 'kill');
    let kills = 0;
    while (kills < KILLS) {
      const { child, ended } = start(killed);
      const done = await Promise.race([
        ended.then(() => true),
        sleep(2000 + 7000 * moments.uniform()).then(() => false),
      ]);
      if (done) break;
      process.kill(-child.pid!, 'SIGKILL');
      await ended;
      kills++;
    }
    console.log(`killed ${kills} times`);
    expect(kills).toBeGreaterThan(3);
    expect(await start(killed).ended).toBe(0);
    expect(endState(killed)).toEqual(endState(whole));
    expect(verifyResults(killed).problems).toEqual([]);
  });
});
