import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { readProvenance } from '../../src/experiment/results/provenance.ts';
import { verifyResults } from '../../src/experiment/status/verifyResults.ts';
import { loadExperiment } from '../../src/experiment/sweep/loadExperiment.ts';
import { writeConfig } from '../experiment/config/writtenConfig.ts';
import { endState } from './endState.ts';

const WORKERS = 4;
const KILLED = 2;
const root = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(root, 'dist/cli/main.js');
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-workers-'));
const shared = join(folder, 'shared');
const whole = join(folder, 'whole');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = writeConfig(
  `network: lenet5
dataset: mnist
trainImages: 600
testImages: 200
epochs: 3
sweep: { batchSize: [8, 32, 100], seed: [1, 2, 3, 4] }
`,
  'workers.yaml',
);

/** Starts phasewatch as the leader of a process group: killing it kills its children, as the end of a machine does. */
function start(words: string[]): { pid: number; ended: Promise<number | null> } {
  const child = spawn(process.execPath, [MAIN, ...words, '--quiet'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { pid: child.pid!, ended: new Promise((resolve) => child.on('exit', (code) => resolve(code))) };
}

beforeAll(async () => {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root });
  expect(await start(['run', config, '--out', whole, '--jobs', '1', '--threads', '1']).ended).toBe(0);
}, 600_000);

it(`${WORKERS} workers, ${KILLED} of them killed at random: every run once, and the end of an undisturbed sweep`, async () => {
  const moments = randomStream(1, 'kill');
  const work = ['work', shared, '--config', config, '--threads', '1'];
  const workers = Array.from({ length: WORKERS }, () => start(work));
  const { runs } = loadExperiment(config);
  const sessions = () => runs.map(({ id }) => readProvenance(resultsLayout(shared).run(id))?.sessions ?? []);
  for (const victim of workers.slice(0, KILLED)) {
    // Once it trains.
    while (sessions().flat().length < WORKERS) await sleep(20);
    await sleep(4000 * moments.uniform());
    process.kill(-victim.pid, 'SIGKILL');
  }
  const codes = await Promise.all(workers.map(({ ended }) => ended));
  expect(codes).toEqual([null, null, 0, 0]);

  // A run has one session, but those that a killed worker had under way: these were gone on with.
  const taken = sessions().filter((all) => all.length > 1);
  expect(taken.length).toBeLessThanOrEqual(KILLED);
  for (const all of sessions()) expect(all.at(-1)!.state).toBe('done');
  for (const all of taken) expect(all[0]!.state).toBe('running');
  expect(endState(shared)).toEqual(endState(whole));
  expect(verifyResults(shared).problems).toEqual([]);
  const files = readdirSync(shared, { recursive: true, encoding: 'utf8' });
  expect(files.filter((name) => /(^|\/)\.(lock|claim)|\.tmp$/.test(name))).toEqual([]);
});
