import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { experimentStatus } from '../../../src/experiment/status/experimentStatus.ts';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';
import { writeConfig } from '../config/writtenConfig.ts';
import { resultsFolder, writeRun } from './resultsFixture.ts';

const experiment = loadExperiment(
  writeConfig(
    'network: lenet5\ndataset: mnist\ntrainImages: 10000\nepochs: 4\nbatchSize: 100\nsweep: { seed: [1, 2, 3, 4, 5] }',
  ),
);
const [one, two, three, four] = experiment.runs as [
  (typeof experiment.runs)[number],
  (typeof experiment.runs)[number],
  (typeof experiment.runs)[number],
  (typeof experiment.runs)[number],
];
/** Of a process that has ended. */
const deadPid = spawnSync('true').pid;
const now = Date.parse('2026-01-01T00:01:04.000Z');

describe('the status of an experiment', () => {
  it('tells done, running, failed, interrupted and waiting runs by their files', () => {
    const layout = resultsFolder(experiment);
    writeRun(layout, one, 4, { state: 'done' });
    writeRun(layout, two, 1, { state: 'running' });
    writeRun(layout, three, 2, { state: 'failed', error: 'loss is NaN' });
    writeRun(layout, four, 3, { state: 'running', pid: deadPid });
    const state = experimentStatus(layout.dir, now);
    expect(state.runs.map(({ run, state }) => [run, state])).toEqual([
      ['seed=1', 'done'],
      ['seed=2', 'running'],
      ['seed=3', 'failed'],
      ['seed=4', 'interrupted'],
      ['seed=5', 'waiting'],
    ]);
    expect(state).toMatchObject({ done: 1, running: 1, failed: 1, interrupted: 1, waiting: 1 });
    expect(state.runs[2]!.error).toBe('loss is NaN');
    // Epochs of 10 s: three are left of the running one, four seconds of which are over; one; four at the same speed.
    expect(state.runs.map(({ eta_s }) => eta_s)).toEqual([null, 26, null, 10, 40]);
    expect(state.eta_s).toBe(76);
  });

  it('counts a run that ended with fewer epochs than are now asked for as waiting, with the time it has left', () => {
    const layout = resultsFolder(experiment);
    writeRun(layout, one, 3, { state: 'done' });
    writeRun(layout, two, 2, { state: 'done', stopped_early: true });
    const { runs } = experimentStatus(layout.dir, now);
    expect(runs[0]).toMatchObject({ state: 'waiting', epoch: 3, epochs: 4, eta_s: 10 });
    expect(runs[1]).toMatchObject({ state: 'done', epoch: 2, eta_s: null });
  });

  it('believes a run on another host that says it is running', () => {
    const layout = resultsFolder(experiment);
    writeRun(layout, one, 1, { state: 'running', pid: deadPid, host: 'elsewhere' });
    expect(experimentStatus(layout.dir, now).runs[0]).toMatchObject({ state: 'running', host: 'elsewhere' });
  });

  it('tells how far the epoch under way is, and the time left from its first step on', () => {
    const layout = resultsFolder(experiment);
    writeRun(layout, one, 0, { state: 'running', images_per_second: null });
    const half = { epoch: 1, step: 50, steps: 100, images_per_second: 500 };
    writeFileSync(layout.run(one.id).progress, JSON.stringify(half));
    // 10000 images an epoch: 20 s each, of four one half is over.
    const { runs } = experimentStatus(layout.dir, now);
    expect(runs[0]).toMatchObject({ step: 50, steps: 100, images_per_second: 500, eta_s: 70 });
    expect(runs[1]).toMatchObject({ step: null, eta_s: 80 });

    // What a killed process left, and what cannot be read, is no progress.
    writeRun(layout, one, 2, { state: 'running' });
    expect(experimentStatus(layout.dir, now).runs[0]).toMatchObject({ step: null, images_per_second: 1000 });
    writeFileSync(layout.run(one.id).progress, '{"epoch":');
    expect(experimentStatus(layout.dir, now).runs[0]).toMatchObject({ step: null, state: 'running' });
  });

  it('knows no time before anything was trained', () => {
    const state = experimentStatus(resultsFolder(experiment).dir, now);
    expect(state).toMatchObject({ waiting: 5, eta_s: null });
  });

  it('lists runs that the config no longer has', () => {
    const layout = resultsFolder(experiment);
    writeRun(layout, { ...one, id: 'old' }, 4, { state: 'done' });
    expect(experimentStatus(layout.dir, now).runs.at(-1)).toMatchObject({ run: 'old', state: 'done' });
  });

  it('refuses a folder that is not there, or holds no results', () => {
    expect(() => experimentStatus('/nonexistent')).toThrow('results folder must exist, got /nonexistent');
    expect(() => experimentStatus('/')).toThrow('results folder must hold experiment.yaml or runs/, got /');
  });
});
