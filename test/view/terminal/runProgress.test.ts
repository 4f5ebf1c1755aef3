import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { parseRunConfig } from '../../../src/experiment/config/schema.ts';
import {
  type MetricsRow,
  NO_CIRCUMSTANCES,
  NOT_EVALUATED,
} from '../../../src/experiment/results/metricsRow.ts';
import { runProgress } from '../../../src/view/terminal/runProgress.ts';

const run = (id: string, batchSize: number) => ({
  id,
  differs: { batchSize },
  config: parseRunConfig({
    network: 'lenet5',
    dataset: 'mnist',
    trainImages: 1000,
    epochs: 4,
    batchSize,
  }),
});
const cores = availableParallelism();
const runs = [run('b=10', 10), run('b=100', 100)];
const row: MetricsRow = {
  epoch: 2,
  learning_rate: 0.01,
  train_loss: 0.1,
  train_accuracy: 0.98,
  test_loss: 0.2,
  test_accuracy: 0.97,
  images_per_second: 250,
  train_time_s: 4,
  ...NO_CIRCUMSTANCES,
  ...NOT_EVALUATED,
};

describe('the progress of an experiment', () => {
  it('tells runs, epoch, speed and the time left', () => {
    const progress = runProgress(runs, { jobs: 1, threads: null }, () => []);
    expect(progress.line()).toBe('0/2 runs');
    expect(progress.take({ type: 'run-started', run: 'b=10', resumedAt: null })).toBeNull();
    progress.take({
      type: 'step',
      run: 'b=10',
      epoch: 1,
      epochs: 4,
      step: 50,
      steps: 100,
      imagesPerSecond: 500,
      circumstances: null,
      lately: null,
    });
    // 350 steps of 20 ms; the other run by the rule that a step costs 8 images more: 40 steps of 20 ms * 108 / 18
    expect(progress.line()).toBe('0/2 runs  b=10 epoch 1/4 12 % 500 img/s  ETA 12 s');
    progress.take({ type: 'epoch', run: 'b=10', row });
    expect(progress.line()).toContain('b=10 epoch 2/4 50 % test 0.9700');
    expect(progress.speeds()).toEqual([
      { config: runs[0]!.config, imagesPerSecond: 250, circumstances: row },
    ]);
    expect(progress.take({ type: 'run-finished', run: 'b=10' })).toBe(
      'b=10: done, epoch 2, test 0.9700, 500 img/s',
    );
    expect(progress.line()).toMatch(/^1\/2 runs {2}ETA/);
  });

  it('keeps a line for what failed and what goes on', () => {
    const progress = runProgress(runs, { jobs: 2, threads: null }, () => []);
    expect(progress.take({ type: 'run-started', run: 'b=10', resumedAt: 3 })).toBe(
      'b=10: goes on after epoch 3',
    );
    expect(progress.take({ type: 'run-failed', run: 'b=10', error: 'loss is NaN' })).toBe(
      'b=10: failed: loss is NaN',
    );
    progress.take({ type: 'run-skipped', run: 'b=100', state: 'done', epoch: 4, testAccuracy: 0.98 });
    expect(progress.line()).toBe('2/2 runs  1 failed  ETA 0 s');
    progress.take({ type: 'analyze', done: 3, total: 12 });
    expect(progress.line()).toBe('analyzing 3/12');
  });

  it('knows the time left from speeds measured before; two jobs halve it, but the longest run', () => {
    const known = () => [
      { batchSize: 10, imagesPerSecond: 100 },
      { batchSize: 100, imagesPerSecond: 1000 },
    ];
    // 400 steps of 0.1 s and 40 steps of 0.1 s
    expect(runProgress(runs, { jobs: 1, threads: null }, known).line()).toBe('0/2 runs  ETA 44 s');
    expect(runProgress(runs, { jobs: 2, threads: null }, known).line()).toBe('0/2 runs  ETA 40 s');
    const three = [...runs, run('b=10 again', 10)];
    expect(runProgress(three, { jobs: 2, threads: null }, known).line()).toBe('0/3 runs  ETA 42 s');
  });

  it('is a table on a terminal: what is running stays, the rest as far as it fits', () => {
    const progress = runProgress(
      [8, 16, 32, 64].map((batchSize) => run(`b=${batchSize}`, batchSize)),
      { jobs: 1, threads: null },
      () => [{ batchSize: 1000, imagesPerSecond: 1000 }],
    );
    progress.take({ type: 'run-skipped', run: 'b=8', state: 'done', epoch: 4, testAccuracy: 0.9812 });
    progress.take({ type: 'run-skipped', run: 'b=16', state: 'failed', epoch: 1, testAccuracy: 0.1 });
    progress.take({ type: 'run-started', run: 'b=64', resumedAt: null });
    progress.take({
      type: 'step',
      run: 'b=64',
      epoch: 2,
      epochs: 4,
      step: 4,
      steps: 16,
      imagesPerSecond: 640,
      circumstances: null,
      lately: null,
    });
    // 36 steps of 0.1 s are left of the running one. A step of 64 takes 0.1 s, one of 1000 a second: one of 32 takes 0.069 s, 128 times
    expect(progress.table(80, 24)).toEqual([
      'run   state    epoch    test  img/s  ETA',
      'b=8   done       4/4  0.9812      -    -',
      'b=16  failed     1/4  0.1000      -    -',
      'b=32  waiting    0/4       -      -  9 s',
      'b=64  running    2/4       -    640  4 s',
      '2/4 runs  1 failed  ETA 13 s',
    ]);
    expect(progress.table(80, 6)).toEqual([
      'run   state    epoch    test  img/s  ETA',
      'b=16  failed     1/4  0.1000      -    -',
      'b=64  running    2/4       -    640  4 s',
      '2/4 runs  1 failed  ETA 13 s  2 runs not shown',
    ]);
    progress.take({ type: 'analyze', done: 1, total: 4 });
    expect(progress.table(80, 24)).toEqual(['analyzing 1/4']);
  });

  it('shows circumstances beside a speed, and who else is at work for as long as it is', () => {
    const progress = runProgress(runs, { jobs: 1, threads: null }, () => []);
    const circumstances = {
      cpu_over_wall: 1.844,
      cores_used: 2,
      steal_cores: 0,
      other_cores: 0.01,
      reason: null,
    };
    const step = (other_cores: number) =>
      progress.take({
        type: 'step',
        run: 'b=10',
        epoch: 1,
        epochs: 4,
        step: 50,
        steps: 100,
        imagesPerSecond: 500,
        circumstances,
        lately: { ...circumstances, other_cores },
      });
    progress.take({ type: 'run-started', run: 'b=10', resumedAt: null });
    step(cores);
    const company = `another program takes ${cores} of ${cores} cores`;
    expect(progress.line()).toBe(
      `0/2 runs  b=10 epoch 1/4 12 % 500 img/s (CPU 1.84, cores 2, steal 0.00)  ETA 12 s  ${company}`,
    );
    const table = progress.table(80, 24);
    expect(table[0]).toBe('run    state    epoch  test  img/s   CPU  cores  steal  ETA');
    expect(table[1]).toBe('b=10   running    1/4     -    500  1.84      2   0.00  7 s');
    expect(table[3]).toBe(`0/2 runs  ETA 12 s  ${company}`);
    expect(Math.max(...table.map(({ length }) => length))).toBeLessThan(80);
    step(0.01);
    expect(progress.line()).not.toContain('another program');
    step(cores);
    progress.take({ type: 'run-finished', run: 'b=10' });
    expect(progress.line()).not.toContain('another program');
  });
});
