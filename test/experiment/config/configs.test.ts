import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';

const folder = fileURLToPath(new URL('../../../configs', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

describe.each(files)('configs/%s', (file) => {
  const experiment = loadExperiment(`${folder}/${file}`);

  it('loads without remarks and writes to a folder of its own name', () => {
    expect(experiment.notes).toEqual([]);
    expect(experiment.name).toBe(file.replace('.yaml', ''));
  });

  it('says what of the paper it is, and for the report in one line', () => {
    expect(readFileSync(`${folder}/${file}`, 'utf8')).toMatch(/^#.*\n#/);
    expect(experiment.description).toMatch(/^\S.{10,100}$/);
  });
});

describe('the published settings', () => {
  const load = (name: string) => loadExperiment(`${folder}/${name}.yaml`).runs;

  it('LeNet5: batch 128, ten epochs of Adadelta on the cross-entropy', () => {
    expect(load('lenet5')).toMatchObject([
      {
        config: {
          batchSize: 128,
          epochs: 10,
          loss: 'crossEntropy',
          learningRate: 1,
          learningRateDecay: 1,
          optimizer: { type: 'adadelta', rho: 0.95, epsilon: 1e-7 },
        },
      },
    ]);
  });

  it('the sweep of the paper: 11 batch sizes, 10 seeds, 100 epochs of the baseline', () => {
    const [baseline] = load('minialexnet-baseline');
    const runs = load('paper-sweep');
    expect(runs).toHaveLength(110);
    expect(new Set(runs.map(({ config }) => config.batchSize))).toEqual(
      new Set([2, 4, 8, 16, 32, 50, 100, 150, 250, 500, 1000]),
    );
    const own = runs.find(({ id }) => id === 'b=16_seed=1')!;
    expect(own.config).toEqual(baseline!.config);
  });

  it('the short sweep is the same, cut off after 20 epochs', () => {
    const paper = new Map(
      load('paper-sweep').map(({ config }) => [`${config.batchSize}/${config.seed}`, config]),
    );
    const runs = load('sweep-20');
    expect(runs).toHaveLength(11);
    for (const { config } of runs)
      expect({ ...config, epochs: 100 }).toEqual(paper.get(`${config.batchSize}/1`));
  });
});
