import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSafetensors } from '../../src/base/safetensors/safetensors.ts';
import type { RunConfig } from '../../src/experiment/config/schema.ts';
import { readMetricsCsv } from '../../src/experiment/results/csvFiles.ts';
import { runLayout } from '../../src/experiment/results/layout.ts';
import { jobConfig, results, trainJob } from './trainingJobs.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'phasewatch-train-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const dir = (name: string): string => join(folder, name);
const train = (name: string, config: RunConfig) => trainJob({ dir: dir(name), config });
/** Trains until `calls` calls of the session were made, then aborts as Ctrl-C does. */
const interrupt = async (name: string, config: RunConfig, calls: number) => {
  const controller = new AbortController();
  let taken = 0;
  const onEvent = (event: { type: string }): void => {
    if (event.type === 'step' && ++taken === calls) controller.abort();
  };
  return await trainJob({ dir: dir(name), config }, onEvent, controller.signal);
};

const variants: Record<string, object> = {
  momentum: {},
  'adam, several steps a call': { batchSize: 3, optimizer: { type: 'adam' }, learningRate: 0.001 },
  'adadelta, dropout, l2, random labels': {
    optimizer: { type: 'adadelta' },
    learningRate: 0.5,
    dropout: { rate: 0.4, layers: ['fc1'] },
    l2: { coefficient: 0.01, layers: ['conv', 'fc1'] },
    randomLabels: 0.3,
  },
  'sgd, half-precision snapshots every other epoch': {
    optimizer: { type: 'sgd' },
    snapshots: { every: 2, dtype: 'float16' },
  },
};

describe.each(Object.entries(variants))('%s', (variant, changes) => {
  const name = (what: string): string => `${what}-${variant.replace(/\W+/g, '-')}`;
  const config = jobConfig({ epochs: 4, trainImages: 150, ...changes });
  beforeAll(async () => {
    expect(await train(name('straight'), config)).toMatchObject({ state: 'done', epoch: 4 });
  });

  it('interrupted in the middle of epochs, goes on to the same bytes', async () => {
    expect(await interrupt(name('parts'), config, 2)).toMatchObject({ state: 'interrupted', epoch: 0 });
    expect(Number(openCheckpoint(name('parts')).batches)).toBeGreaterThan(0);
    for (let i = 0; i < 2; i++) await interrupt(name('parts'), config, 3);
    expect(await train(name('parts'), config)).toMatchObject({ state: 'done', epoch: 4 });
    expect(results(dir(name('parts')))).toEqual(results(dir(name('straight'))));
  });

  it('asked for more epochs later, goes on to the same bytes', async () => {
    await train(name('longer'), { ...config, epochs: 2 });
    expect(await train(name('longer'), config)).toMatchObject({ state: 'done', epoch: 4 });
    expect(results(dir(name('longer')))).toEqual(results(dir(name('straight'))));
  });
});

function openCheckpoint(name: string): Readonly<Record<string, string>> {
  const file = openSafetensors(runLayout(dir(name)).checkpoint);
  file.close();
  return file.metadata;
}

describe('a checkpoint that cannot serve', () => {
  const config = jobConfig({ epochs: 2 });

  it.each([
    ['cut in its header', 100],
    ['cut in its weights', 5000],
  ])('%s, is refused, and what was trained stays', async (name, bytes) => {
    await train(name, config);
    const { checkpoint } = runLayout(dir(name));
    writeFileSync(checkpoint, readFileSync(checkpoint).subarray(0, bytes));
    const trained = results(dir(name));
    expect(await train(name, jobConfig({ epochs: 3 }))).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(
        /^checkpoint .*checkpoint\.safetensors must be whole: .*; remove .* to train the run from its beginning/,
      ),
    });
    expect(results(dir(name))).toEqual(trained);
  });

  it('of a run with other settings, is refused, and what was trained stays', async () => {
    await train('other', jobConfig({ epochs: 4, seed: 12 }));
    const trained = results(dir('other'));
    expect(await train('other', config)).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('must be of a run with these settings'),
    });
    expect(results(dir('other'))).toEqual(trained);
  });
});

describe('what is trained', () => {
  it('depends on the seed in weights, order and labels, each alone', async () => {
    const weightsAt = async (name: string, changes: object): Promise<string[]> => {
      await train(name, jobConfig({ epochs: 1, ...changes }));
      const { 'epoch-000.safetensors': before, 'epoch-001.safetensors': after } = results(dir(name));
      return [before!, after!];
    };
    const [start, end] = await weightsAt('seed-11', {});
    const [otherStart, otherEnd] = await weightsAt('seed-12', { seed: 12 });
    expect([otherStart, otherEnd]).not.toContain(start);
    expect(otherEnd).not.toBe(end);
    // The same initial weights, another order of the images.
    const [sameStart, reordered] = await weightsAt('init-11', { seed: 12, initSeed: 11 });
    expect(sameStart).toBe(start);
    expect(reordered).not.toBe(end);
    const [, randomized] = await weightsAt('labels', { randomLabels: 0.5 });
    expect(randomized).not.toBe(end);
  });

  it('stops early where the training loss no longer falls, and resumes to the same end', async () => {
    const config = jobConfig({ epochs: 9, earlyStopping: { patience: 2, minDelta: 100 } });
    expect(await train('early', config)).toMatchObject({ state: 'done', epoch: 3, stopped_early: true });
    expect(readdirSync(runLayout(dir('early')).snapshots)).toHaveLength(4);
    await interrupt('early-parts', config, 7);
    expect(await train('early-parts', config)).toMatchObject({
      state: 'done',
      epoch: 3,
      stopped_early: true,
    });
    expect(results(dir('early-parts'))).toEqual(results(dir('early')));
    const before = results(dir('early'));
    expect(await train('early', config)).toMatchObject({ state: 'done', epoch: 3, stopped_early: true });
    expect(results(dir('early'))).toEqual(before);
  });
});

describe('divergence', () => {
  it('fails the run with epoch, step and last finite loss; what was written stays', async () => {
    const config = jobConfig({ epochs: 3, optimizer: { type: 'sgd' } });
    await train('diverges', { ...config, epochs: 1 });
    const before = results(dir('diverges'));
    const rows = readMetricsCsv(runLayout(dir('diverges')).metrics);
    const exploding = jobConfig({
      epochs: 3,
      optimizer: { type: 'sgd' },
      learningRate: 1e25,
      learningRateDecay: 1,
    });
    const status = await train('explodes', exploding);
    expect(status).toMatchObject({ state: 'failed', epoch: 0 });
    expect(status.error).toMatch(
      /^loss must be a finite number, got (NaN|Infinity) in epoch 1 at step [2-5] of 5 \(last finite loss [\d.e+]+\)$/,
    );
    const files = runLayout(dir('explodes'));
    expect(JSON.parse(readFileSync(files.status, 'utf8'))).toMatchObject({
      state: 'failed',
      error: status.error,
    });
    expect(readMetricsCsv(files.metrics).map(({ epoch }) => epoch)).toEqual([0]);
    const snapshot = openSafetensors(files.snapshot(0));
    expect(snapshot.read('fc1').data.length).toBeGreaterThan(0);
    snapshot.close();
    expect(existsSync(files.snapshot(1))).toBe(false);
    expect(openCheckpoint('explodes').epoch).toBe('0');
    // Again, the same end; the other run is as it was.
    expect((await train('explodes', exploding)).error).toBe(status.error);
    expect(results(dir('diverges'))).toEqual(before);
    expect(rows).toHaveLength(2);
  });

  it('of the last step shows in the evaluation and fails the run too', async () => {
    const oneStep = jobConfig({
      epochs: 1,
      batchSize: 70,
      optimizer: { type: 'sgd' },
      learningRate: 1e38,
    });
    const status = await train('last-step', oneStep);
    expect(status).toMatchObject({ state: 'failed', epoch: 0 });
    expect(status.error).toMatch(
      /^loss must be a finite number, got (NaN|Infinity) on the test images after epoch 1, step 1 of 1 \(last finite loss 2\.9\d+, /,
    );
    expect(existsSync(runLayout(dir('last-step')).snapshot(1))).toBe(false);
  });
});
