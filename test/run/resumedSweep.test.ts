import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { analyzeResults } from '../../src/analyze/analyzeResults.ts';
import { rememberSpeeds } from '../../src/experiment/plan/speedCache.ts';
import { readMetricsCsv } from '../../src/experiment/results/csvFiles.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { readProvenance } from '../../src/experiment/results/provenance.ts';
import { verifyResults } from '../../src/experiment/status/verifyResults.ts';
import { loadExperiment } from '../../src/experiment/sweep/loadExperiment.ts';
import { availableLinearAlgebra } from '../../src/train/engine/availableLinearAlgebra.ts';
import { locateEngine } from '../../src/train/engine/locateEngine.ts';
import { writeConfig } from '../experiment/config/writtenConfig.ts';
import { endState } from './endState.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'phasewatch-resumed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = writeConfig(
  `network:
  layers:
    - { type: flatten }
    - { type: dense, name: fc1, units: 64 }
    - { type: dense, name: fc2, units: 10, activation: linear }
dataset: mnist
trainImages: 3000
testImages: 100
batchSize: 8
epochs: 12
sweep: { seed: [1, 2, 3] }
`,
  'resumed.yaml',
);
const { runs } = loadExperiment(config);

/** A cache of its own, where runs are remembered as so fast; the engine is that of this machine. */
function cache(name: string, alone: number, sideBySide: number): NodeJS.ProcessEnv {
  const env = { PHASEWATCH_CACHE: join(folder, name), PHASEWATCH_ENGINE: locateEngine()!.folder };
  mkdirSync(env.PHASEWATCH_CACHE, { recursive: true });
  const before = process.env.PHASEWATCH_CACHE;
  process.env.PHASEWATCH_CACHE = env.PHASEWATCH_CACHE;
  const circumstances = { cpu_over_wall: 1, cores_used: 1, steal_cores: 0, other_cores: 0 };
  for (const [jobs, threads, imagesPerSecond] of [
    [1, null, alone],
    [2, 1, sideBySide],
  ] as const) {
    rememberSpeeds([{ config: runs[0]!.config, imagesPerSecond, circumstances }], {
      jobs,
      threads,
      device: null,
    });
  }
  if (before === undefined) delete process.env.PHASEWATCH_CACHE;
  else process.env.PHASEWATCH_CACHE = before;
  return { ...process.env, ...env };
}

/** Starts the sweep as the leader of a process group, so that a signal reaches its children. */
function start(out: string, env: NodeJS.ProcessEnv) {
  const words = ['--import', 'tsx', 'src/cli/main.ts', 'run', config, '--out', out, '--quiet'];
  const child = spawn(process.execPath, words, {
    cwd: root,
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { child, ended: new Promise((resolve) => child.on('exit', resolve)) };
}

const threadsOf = (dir: string): unknown[] =>
  runs.flatMap(({ id }) =>
    readProvenance(resultsLayout(dir).run(id))!.sessions.map(({ threads }) => threads),
  );

describe('a sweep whose jobs were chosen', () => {
  it('killed and gone on with, ends with the bytes of an undisturbed one, though other speeds are remembered by then', async () => {
    const whole = join(folder, 'whole');
    expect(await start(whole, cache('before', 100, 95)).ended).toBe(0);

    const killed = join(folder, 'killed');
    const { child, ended } = start(killed, cache('before', 100, 95));
    const { metrics } = resultsLayout(killed).run(runs[0]!.id);
    while (!existsSync(metrics) || readMetricsCsv(metrics).length < 3) await sleep(20);
    process.kill(-child.pid!, 'SIGKILL');
    await ended;
    expect(readMetricsCsv(metrics).length).toBeLessThan(1 + runs[0]!.config.epochs);
    const decided = readFileSync(resultsLayout(killed).executor, 'utf8');

    expect(await start(killed, cache('after', 100, 5)).ended).toBe(0);
    expect(readFileSync(resultsLayout(killed).executor, 'utf8')).toBe(decided);
    expect(new Set(threadsOf(killed))).toEqual(new Set(threadsOf(whole)));
    expect(endState(killed)).toEqual(endState(whole));

    // Snapshots were analyzed while the runs trained: that leaves what an analysis afterwards does.
    const afterwards = join(folder, 'afterwards');
    const layout = resultsLayout(afterwards);
    cpSync(killed, afterwards, { recursive: true });
    for (const path of [layout.spectra, layout.esdFolder]) rmSync(path, { recursive: true });
    const { analysis } = loadExperiment(config);
    const ids = runs.map(({ id }) => id);
    await analyzeResults(layout, ids, analysis, {
      algebra: availableLinearAlgebra(),
      signal: new AbortController().signal,
      onProgress: () => {},
      onSkip: (message) => expect.fail(message),
      onNote: (message) => expect.fail(message),
    });
    expect(endState(afterwards)).toEqual(endState(killed));
    expect(verifyResults(killed).problems).toEqual([]);
  }, 120_000);
});
