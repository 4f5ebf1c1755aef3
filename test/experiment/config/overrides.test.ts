import { describe, expect, it } from 'vitest';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';
import { writeConfig } from './writtenConfig.ts';

const load = (text: string, ...set: string[]) =>
  loadExperiment(writeConfig(`network: lenet5\ndataset: mnist\n${text}`), { set });

describe('overrides', () => {
  it('change a key of the run, of a map in it, of the analysis and of the experiment', () => {
    const experiment = load(
      'epochs: 3',
      'epochs=7',
      'optimizer.type=adam',
      'analysis.fit=ww',
      'name=other',
      'l2.coefficient=1e-3',
      'l2.layers=fc1',
    );
    expect(experiment).toMatchObject({ name: 'other', analysis: { fit: 'ww' } });
    expect(experiment.runs[0]!.config).toMatchObject({
      epochs: 7,
      optimizer: { type: 'adam', beta1: 0.9 },
      l2: { coefficient: 1e-3, layers: ['fc1'] },
    });
  });

  it('the last one stands', () => {
    expect(load('', 'epochs=7', 'epochs=8').runs[0]!.config.epochs).toBe(8);
  });

  it.each(['2,4,8', '[2,4,8]', '2, 4, 8', '[ 2, 4,8 ]'])('take a list to sweep written %s', (list) => {
    expect(load('', `sweep.batchSize=${list}`).runs.map(({ id }) => id)).toEqual(['b=2', 'b=4', 'b=8']);
  });

  it('take a single value to sweep', () => {
    expect(load('', 'sweep.batchSize=16').runs.map(({ id }) => id)).toEqual(['b=16']);
  });

  it('replace an axis of the file and leave the others', () => {
    const { runs } = load('sweep:\n  batchSize: [2, 4]\n  seed: [1, 2]', 'sweep.batchSize=8');
    expect(runs.map(({ id }) => id)).toEqual(['b=8_seed=1', 'b=8_seed=2']);
  });

  it('sweep a key of a map, under its dotted name', () => {
    const { runs } = load('', 'sweep.optimizer.momentum=0.5,0.9', 'sweep.l2=[null]');
    expect(runs.map(({ config }) => config.optimizer.momentum)).toEqual([0.5, 0.9]);
    expect(runs.map(({ id }) => id)).toEqual(['momentum=0.5_l2=none', 'momentum=0.9_l2=none']);
  });

  it('take the sweep away', () => {
    expect(load('sweep: { batchSize: [2, 4] }', 'sweep={}', 'batchSize=8').runs).toMatchObject([
      { id: 'run', config: { batchSize: 8 } },
    ]);
  });

  it('set null, and values with an equals sign', () => {
    expect(load('l2: { coefficient: 1, layers: [fc1] }', 'l2=null').runs[0]!.config.l2).toBeNull();
    expect(load('', 'description=a=b').description).toBe('a=b');
  });
});

describe('extends', () => {
  it('takes the keys of the base where the file is silent, maps key by key', () => {
    writeConfig(
      'name: base\nnetwork: mlp3\ndataset: cifar10\nepochs: 4\noptimizer: { type: nesterov, momentum: 0.5 }',
      'base.yaml',
    );
    const path = writeConfig('extends: base.yaml\nepochs: 5\noptimizer: { momentum: 0.7 }', 'child.yaml');
    const { name, runs } = loadExperiment(path);
    expect(name).toBe('child');
    expect(runs[0]!.config).toMatchObject({
      network: 'mlp3',
      epochs: 5,
      optimizer: { type: 'nesterov', momentum: 0.7 },
    });
  });

  it('names the base file in which a mistake stands', () => {
    writeConfig('network: mlp3\ndataset: cifar10\n\nepochs: x', 'wrong.yaml');
    expect(() => loadExperiment(writeConfig('extends: wrong.yaml', 'heir.yaml'))).toThrow(
      /wrong\.yaml:4:9: epochs must be/,
    );
  });

  it('goes over several files and refuses a circle', () => {
    writeConfig('extends: b.yaml', 'a.yaml');
    writeConfig('extends: c.yaml', 'b.yaml');
    const path = writeConfig('extends: a.yaml', 'c.yaml');
    expect(() => loadExperiment(path)).toThrow(
      /b\.yaml:1:10: extends must not lead back to the file itself.*c\.yaml -> .*a\.yaml -> .*b\.yaml -> .*c\.yaml/,
    );
  });
});
