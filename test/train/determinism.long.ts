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

const networks = {
  lenet5: { network: 'lenet5', dataset: 'mnist', layers: ['fc1'] },
  mlp3: { network: 'mlp3', dataset: 'cifar10', layers: ['fc1', 'fc2'] },
  miniAlexNet: { network: 'miniAlexNet', dataset: 'cifar10', layers: ['fc1', 'fc2'] },
  miniAlexNetBatchNorm: { network: 'miniAlexNetBatchNorm', dataset: 'cifar10', layers: ['bn3', 'bn4'] },
};
const rates = { sgd: 0.05, momentum: 0.01, nesterov: 0.01, adadelta: 1, adam: 0.001 };
const variants = (network: keyof typeof networks): Record<string, object> => {
  const { layers } = networks[network];
  return {
    mse: { loss: 'mse' },
    l2: { l2: { coefficient: 1e-3, layers: ['fc1'] } },
    dropout: { dropout: { rate: 0.5, layers } },
    'random labels': { randomLabels: 0.5 },
    'batches of 2': { batchSize: 2 },
    'batches larger than half the images': { batchSize: 60 },
    bfloat16: { precision: 'bfloat16' },
    'initial weights of another seed': { initSeed: 3 },
    'learning-rate decay': { learningRateDecay: 0.5 },
  };
};

describe.each(Object.keys(networks) as (keyof typeof networks)[])('%s', (network) => {
  const { layers: _, ...base } = networks[network];
  const small = { ...base, trainImages: 70, testImages: 20, epochs: 2 };
  const configs: [string, object][] = [
    ...Object.entries(rates).map(([type, learningRate]): [string, object] => [
      type,
      { ...small, optimizer: { type }, learningRate },
    ]),
    ...Object.entries(variants(network)).map(([name, changes]): [string, object] => [
      name,
      { ...small, ...changes },
    ]),
  ];
  it.each(configs)('%s: two processes train to the same bytes', async (name, changes) => {
    const job = (process: string): TrainingJob => ({
      dir: join(folder, `${network}-${name}-${process}`),
      config: jobConfig(changes),
    });
    await trainInChild({ jobs: [job('first')] });
    const first = results(job('first').dir);
    expect(first['epoch-002.safetensors']).not.toBe(first['epoch-000.safetensors']);
    await trainInChild({ jobs: [job('second')] });
    expect(results(job('second').dir)).toEqual(first);
    rmSync(job('first').dir, { recursive: true });
    rmSync(job('second').dir, { recursive: true });
  });
});

describe('a run killed by SIGKILL and started again ends with the bytes of one that was left alone', () => {
  const KILLS = 20;
  const jobs: Record<string, object> = {
    lenet5: {
      network: 'lenet5',
      trainImages: 500,
      testImages: 100,
      batchSize: 8,
      epochs: 5,
      optimizer: { type: 'adadelta' },
      learningRate: 1,
    },
    miniAlexNetBatchNorm: {
      network: 'miniAlexNetBatchNorm',
      dataset: 'cifar10',
      trainImages: 100,
      testImages: 50,
      epochs: 5,
      dropout: { rate: 0.5, layers: ['bn3', 'bn4'] },
      l2: { coefficient: 1e-3, layers: ['fc1'] },
      randomLabels: 0.2,
    },
  };
  it.each(Object.entries(jobs))(
    `%s: at ${KILLS} random moments, each a run of its own`,
    async (name, changes) => {
      const config = jobConfig(changes);
      const straight = { dir: join(folder, `${name}-straight`), config };
      let { trainingMs } = await trainInChild({ jobs: [straight] });
      const expected = results(straight.dir);
      let attempts = 0;
      for (let killed = 0; killed < KILLS; ) {
        expect(++attempts).toBeLessThan(4 * KILLS);
        const job = { dir: join(folder, `${name}-${attempts}`), config };
        const moment = Math.random() * trainingMs;
        const end = await trainInChild({ jobs: [job] }, moment);
        if (end.signal === 'SIGKILL') killed++;
        // It was through before its moment: the machine has become faster since.
        else trainingMs = end.trainingMs;
        await trainInChild({ jobs: [job] });
        expect(results(job.dir), `killed ${moment} ms after its first step`).toEqual(expected);
        rmSync(job.dir, { recursive: true });
      }
    },
  );

  it('before and after every rename that makes a file visible', async () => {
    const config = jobConfig({ epochs: 2 });
    const straight = { dir: join(folder, 'renames-straight'), config };
    const { lines } = await trainInChild({ jobs: [straight] });
    const expected = results(straight.dir);
    const renames = Number(lines.at(-1)!.split(' ')[1]);
    // config, status; snapshot, metrics, checkpoint and status of the three states; status at the end
    expect(renames).toBeGreaterThanOrEqual(2 + 3 * 4 + 1);
    for (let rename = 1; rename <= renames; rename++) {
      for (const moment of ['before', 'after'] as const) {
        const job = { dir: join(folder, `rename-${rename}-${moment}`), config };
        expect((await trainInChild({ jobs: [job], killAt: { rename, moment } })).signal).toBe('SIGKILL');
        await trainInChild({ jobs: [job] });
        expect(results(job.dir), `killed ${moment} rename ${rename}`).toEqual(expected);
      }
    }
  });
});
