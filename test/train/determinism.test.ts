import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobConfig, results, type TrainingJob } from './trainingJobs.ts';
import { trainInChild } from './trainingProcess.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'phasewatch-determinism-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const small = { dataset: 'cifar10', trainImages: 44, testImages: 20, epochs: 2 };
const variants: Record<string, object> = {
  'lenet5, adadelta': {
    ...small,
    dataset: 'mnist',
    network: 'lenet5',
    optimizer: { type: 'adadelta' },
    learningRate: 1,
  },
  'mlp3, adam, random labels': { ...small, network: 'mlp3', optimizer: { type: 'adam' }, randomLabels: 0.5 },
  'miniAlexNet, momentum, mse, l2': {
    ...small,
    network: 'miniAlexNet',
    loss: 'mse',
    l2: { coefficient: 1e-4, layers: ['fc1', 'fc2'] },
  },
  'miniAlexNetBatchNorm, nesterov, dropout': {
    ...small,
    network: 'miniAlexNetBatchNorm',
    optimizer: { type: 'nesterov' },
    dropout: { rate: 0.5, layers: ['bn3', 'bn4'] },
  },
  'a network of the config, sgd, several steps a call': { batchSize: 3, optimizer: { type: 'sgd' } },
  'half precision on disk, early stopping, initial weights of another seed': {
    snapshots: { dtype: 'float16' },
    earlyStopping: { patience: 1, minDelta: 10 },
    initSeed: 4,
  },
};

describe('two processes train the same config to the same bytes', () => {
  const jobs = (process: string): TrainingJob[] =>
    Object.values(variants).map((changes, i) => ({
      dir: join(folder, `${process}-${i}`),
      config: jobConfig(changes),
    }));
  beforeAll(async () => {
    // One after the other: a machine busy in another way must not matter.
    for (const name of ['first', 'second']) await trainInChild({ jobs: jobs(name) });
  });
  it.each(Object.keys(variants).map((name, i) => [name, i] as const))('%s', (_name, i) => {
    const first = results(join(folder, `first-${i}`));
    expect(Object.keys(first)).toContain('epoch-002.safetensors');
    expect(results(join(folder, `second-${i}`))).toEqual(first);
  });
});

it('a process that trains dense layers alone gives the bytes of one that trains anything', async () => {
  const variant = 'mlp3, adam, random labels';
  const dir = join(folder, 'dense');
  await trainInChild({ jobs: [{ dir, config: jobConfig(variants[variant]) }], denseOnly: true });
  expect(results(dir)).toEqual(results(join(folder, `first-${Object.keys(variants).indexOf(variant)}`)));
});

// Several processes one after the other: on a busy machine that takes its time.
const TIMEOUT = 240_000;

/** What else a step can be made of, and what draws random numbers of its own. */
const EVERYTHING = {
  network: {
    layers: [
      { type: 'conv', name: 'conv', filters: 4, kernel: 5, stride: 2, activation: 'gelu' },
      { type: 'batchNorm', name: 'bn' },
      { type: 'conv', name: 'grouped', filters: 4, kernel: 3, groups: 2, activation: 'tanh' },
      { type: 'layerNorm', name: 'ln' },
      { type: 'add', with: 'bn' },
      { type: 'averagePool', size: 2 },
      { type: 'flatten' },
      { type: 'dense', name: 'frozen', units: 24 },
      { type: 'dense', name: 'fc1', units: 24 },
      { type: 'dense', name: 'out', units: 10 },
    ],
    initializer: 'orthogonal',
  },
  optimizer: { type: 'adam', weightDecay: 0.01 },
  train: { layers: ['conv', 'bn', 'grouped', 'ln', 'fc1', 'out'] },
  validation: 0.2,
  augment: { flip: true, shift: 2 },
  labelSmoothing: 0.1,
  clipNorm: 1,
  schedule: { type: 'cosine', warmUp: 2 },
};

describe('a run killed by SIGKILL and started again ends with the bytes of one that was left alone', {
  timeout: TIMEOUT,
}, () => {
  // Long enough for a moment to fall anywhere, and with everything that a checkpoint has to hold.
  const config = jobConfig({
    trainImages: 700,
    testImages: 100,
    batchSize: 8,
    epochs: 6,
    learningRate: 0.001,
    dropout: { rate: 0.3, layers: ['fc1'] },
    ...EVERYTHING,
  });
  const job = (name: string): TrainingJob => ({ dir: join(folder, name), config });
  let straight: Record<string, string>;
  let trainingMs: number;
  beforeAll(async () => {
    ({ trainingMs } = await trainInChild({ jobs: [job('straight')] }));
    straight = results(job('straight').dir);
  });

  it('three times at random moments', async () => {
    const moments: number[] = [];
    for (let i = 0; i < 3; i++) {
      moments.push(Math.random() * trainingMs * 0.4);
      await trainInChild({ jobs: [job('killed')] }, moments.at(-1));
    }
    await trainInChild({ jobs: [job('killed')] });
    expect(results(job('killed').dir), `killed after ${moments.join(', ')} ms`).toEqual(straight);
  });

  it('between the snapshot, the metrics and the checkpoint of an epoch', async () => {
    // config, status; then snapshot, metrics, checkpoint and status of every epoch
    for (const rename of [11, 12, 13]) {
      const end = await trainInChild({ jobs: [job('cut')], killAt: { rename, moment: 'before' } });
      expect(end.signal).toBe('SIGKILL');
    }
    await trainInChild({ jobs: [job('cut')] });
    expect(results(job('cut').dir)).toEqual(straight);
  });
});
