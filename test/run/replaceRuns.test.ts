import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { takeLock } from '../../src/base/files/lock.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { newStatus, writeStatus } from '../../src/experiment/results/runStatus.ts';
import { runConflict } from '../../src/experiment/status/runFolder.ts';
import { type Experiment, loadExperiment } from '../../src/experiment/sweep/loadExperiment.ts';
import { replaceRuns } from '../../src/run/replaceRuns.ts';
import { planExperiment } from '../../src/run/runExperiment.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'replace-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const experiment = (changes: object = {}): Experiment =>
  loadExperiment(
    { network: 'lenet5', dataset: 'mnist', epochs: 2, sweep: { seed: [1, 2, 3] }, ...changes },
    { out: dir },
  );

/** Makes the folder of each run as a finished training leaves it. */
function finish({ runs }: Experiment): void {
  for (const { id, config } of runs) {
    const files = resultsLayout(dir).run(id);
    mkdirSync(files.dir, { recursive: true });
    writeFileSync(files.config, JSON.stringify(config));
    writeStatus(files.status, { ...newStatus(config.epochs), state: 'done', epoch: config.epochs });
  }
}

it('tells all runs that stand in the way, by the keys that differ', () => {
  finish(experiment());
  const other = experiment({ optimizer: { momentum: 0.5 }, batchSize: 16 });
  let message = '';
  try {
    planExperiment(other, resultsLayout(dir), false);
  } catch (error) {
    message = (error as Error).message;
  }
  for (const seed of [1, 2, 3]) {
    expect(message).toContain(`run seed=${seed} in ${join(dir, 'runs', `seed=${seed}`)}`);
  }
  expect(message).toContain(
    'got optimizer.momentum 0.9 where the config has 0.5, batchSize 32 where the config has 16',
  );
  expect(message).not.toContain('learningRate');
  expect(planExperiment(experiment(), resultsLayout(dir), false).map(({ task }) => task)).toEqual([
    'skip-done',
    'skip-done',
    'skip-done',
  ]);
});

it('removes the runs that stand in the way, and no others', async () => {
  finish(experiment());
  const mixed = experiment({
    sweep: { zip: [{ seed: [1, 2, 3], batchSize: [32, 16, 32] }] },
  });
  const renamed: Experiment = {
    ...mixed,
    runs: mixed.runs.map((run, i) => ({ ...run, id: `seed=${i + 1}` })),
  };
  expect(await replaceRuns(renamed, () => {})).toEqual(['seed=2']);
  const there = [1, 2, 3].map((seed) => existsSync(join(dir, 'runs', `seed=${seed}`)));
  expect(there).toEqual([true, false, true]);
  const layout = resultsLayout(dir);
  expect(renamed.runs.map(({ id, config }) => runConflict(id, layout.run(id), config))).toEqual([
    null,
    null,
    null,
  ]);
  expect(await replaceRuns(renamed, () => {})).toEqual([]);
});

it.each([
  ['a worker has claimed', '.claim'],
  ['a process of a worker trains', '.lock'],
])('leaves a run alone that %s', async (_, name) => {
  finish(experiment());
  const run = resultsLayout(dir).run('seed=2').dir;
  const release = await takeLock(run, { name });
  try {
    await expect(replaceRuns(experiment({ batchSize: 16 }), () => {})).rejects.toThrow(
      `run must not be in use to be replaced, got ${run}`,
    );
    for (const seed of [1, 2, 3]) {
      expect(existsSync(resultsLayout(dir).run(`seed=${seed}`).config)).toBe(true);
    }
  } finally {
    release();
  }
  expect(await replaceRuns(experiment({ batchSize: 16 }), () => {})).toHaveLength(3);
});
