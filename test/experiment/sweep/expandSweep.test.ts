import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';
import { writeConfig } from '../config/writtenConfig.ts';

const base = { network: 'lenet5', dataset: 'mnist' };
const load = (config: object) => loadExperiment(writeConfig(stringify({ ...base, ...config })));

/** Values for axes, all different in what they do. */
const axisValues = {
  batchSize: fc.integer({ min: 1, max: 60_000 }),
  learningRate: fc.double({ min: 1e-6, max: 10, noNaN: true }),
  seed: fc.integer({ min: 0, max: 0xffffffff }),
  'optimizer.momentum': fc.double({ min: 0, max: 0.99, noNaN: true }),
  epochs: fc.integer({ min: 0, max: 1000 }),
  loss: fc.constantFrom('mse', 'crossEntropy'),
  dataset: fc.constantFrom('mnist'),
};
const grid = fc.record(
  Object.fromEntries(
    Object.entries(axisValues).map(([key, values]) => [
      key,
      fc.uniqueArray(values as fc.Arbitrary<unknown>, {
        minLength: 1,
        maxLength: 3,
        comparator: 'SameValueZero',
      }),
    ]),
  ),
  { requiredKeys: [] },
) as fc.Arbitrary<Record<string, unknown[]>>;

describe('sweep expansion', () => {
  it('gives the product of the axes, every id once, each id fit for a folder', () => {
    fc.assert(
      fc.property(grid, (sweep) => {
        const { runs } = load({ sweep });
        const size = Object.values(sweep).reduce((product, values) => product * values.length, 1);
        expect(runs).toHaveLength(size);
        expect(new Set(runs.map(({ id }) => id.toLowerCase())).size).toBe(size);
        for (const { id } of runs) expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9._=+-]{0,119}$/);
      }),
      { numRuns: 25 },
    );
  });

  it('leaves out exactly the runs that have all values of an exclude entry', () => {
    fc.assert(
      fc.property(grid, fc.nat(), fc.nat(), (sweep, which, subset) => {
        const all = load({ sweep }).runs;
        const keys = Object.keys(sweep).filter((_, i) => (subset >> i) % 2 === 1);
        fc.pre(keys.length > 0 && all.length > 1);
        const model = all[which % all.length]!.differs;
        const exclude = Object.fromEntries(keys.map((key) => [key, model[key]]));
        const kept = all.filter(({ differs }) => !keys.every((key) => differs[key] === exclude[key]));
        fc.pre(kept.length > 0);
        const { runs } = load({ sweep: { ...sweep, exclude: [exclude] } });
        expect(runs.map(({ id }) => id)).toEqual(kept.map(({ id }) => id));
      }),
      { numRuns: 25 },
    );
  });

  it('names a run alike whatever the order of the keys and the other runs of the same axes', () => {
    const one = load({ sweep: { seed: [1, 2], batchSize: [2, 4] } }).runs.map(({ id }) => id);
    const two = load({ sweep: { batchSize: [4, 2], seed: [2, 1, 3] } }).runs.map(({ id }) => id);
    expect(one).toEqual(['b=2_seed=1', 'b=4_seed=1', 'b=2_seed=2', 'b=4_seed=2']);
    expect(two).toEqual(expect.arrayContaining(one));
  });

  it('pairs the lists of a zip and multiplies them with the grid', () => {
    const { runs } = load({
      sweep: { seed: [1, 2], zip: [{ batchSize: [2, 4], learningRate: [0.1, 0.2] }] },
    });
    expect(runs.map(({ config }) => [config.seed, config.batchSize, config.learningRate])).toEqual([
      [1, 2, 0.1],
      [1, 4, 0.2],
      [2, 2, 0.1],
      [2, 4, 0.2],
    ]);
  });

  it('adds include runs that start from the config outside of the sweep', () => {
    const { runs } = load({
      batchSize: 64,
      sweep: {
        batchSize: [2],
        include: [
          { l2: { coefficient: 0.5, layers: ['fc1'] } },
          { name: 'slow', learningRate: 1e-4, batchSize: 8 },
        ],
      },
    });
    expect(
      runs.map(({ id, config }) => [id, config.batchSize, config.learningRate, config.l2?.coefficient]),
    ).toEqual([
      ['b=2', 2, 0.01, undefined],
      ['l2=0.5_layers=fc1', 64, 0.01, 0.5],
      ['slow', 8, 1e-4, undefined],
    ]);
  });

  it('lets a map in the config lack what the sweep brings', () => {
    const { runs } = load({ l2: { layers: ['fc1'] }, sweep: { 'l2.coefficient': [1e-4, 1e-3] } });
    expect(runs.map(({ id, config }) => [id, config.l2])).toEqual([
      ['l2=0.0001', { coefficient: 1e-4, layers: ['fc1'] }],
      ['l2=0.001', { coefficient: 1e-3, layers: ['fc1'] }],
    ]);
    expect(() => load({ l2: { layers: ['fc1'] }, sweep: { seed: [1] } })).toThrow(
      /missing key: l2\.coefficient/,
    );
  });

  it('tells ids apart that would be one, and names swept networks by their hash', () => {
    const layers = (units: number) => [
      { type: 'flatten' },
      { type: 'dense', name: 'hidden', units },
      { type: 'dense', name: 'out', units: 10, activation: 'linear' },
    ];
    const { runs } = load({ sweep: { network: [{ layers: layers(20) }, { layers: layers(30) }, 'lenet5'] } });
    expect(runs.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^network=[0-9a-f]{6}$/),
      expect.stringMatching(/^network=[0-9a-f]{6}$/),
      'network=lenet5',
    ]);
    expect(new Set(runs.map(({ id }) => id)).size).toBe(3);
  });

  it('remarks on excludes without effect and on runs that train to the same weights', () => {
    const { notes } = load({
      optimizer: { type: 'sgd' },
      sweep: { 'optimizer.momentum': [0.5, 0.9], exclude: [{ 'optimizer.momentum': 0.7 }] },
    });
    expect(notes).toEqual([
      'exclude leaves no run out: optimizer.momentum: 0.7',
      'runs momentum=0.5 and momentum=0.9 train to the same weights',
    ]);
  });

  it('is one run without a sweep', () => {
    expect(load({}).runs).toMatchObject([{ id: 'run', differs: {} }]);
  });
});

describe('the resolved config', () => {
  it('gives the same runs again', () => {
    fc.assert(
      fc.property(grid, fc.boolean(), (sweep, withInclude) => {
        const include = withInclude ? { include: [{ dropout: { rate: 0.5, layers: ['fc1'] } }] } : {};
        const first = load({ epochs: 12, analysis: { bootstrap: 10 }, sweep: { ...sweep, ...include } });
        const again = loadExperiment(writeConfig(first.resolvedYaml, 'resolved.yaml'));
        expect(again).toMatchObject({ name: first.name, runs: first.runs, analysis: first.analysis });
        expect(again.resolvedYaml).toBe(first.resolvedYaml);
      }),
      { numRuns: 15 },
    );
  });

  it('has bases merged, overrides applied and every default filled in', () => {
    writeConfig('network: mlp3\ndataset: cifar10\nepochs: 3', 'parent.yaml');
    const { resolvedYaml } = loadExperiment(writeConfig('extends: parent.yaml', 'child.yaml'), {
      set: ['batchSize=4'],
    });
    expect(resolvedYaml).toContain('name: child\nnetwork: mlp3\ndataset: cifar10\n');
    expect(resolvedYaml).toMatch(/^epochs: 3$/m);
    expect(resolvedYaml).toMatch(/^batchSize: 4$/m);
    expect(resolvedYaml).toMatch(/^learningRateDecay: 1$/m);
    expect(resolvedYaml).not.toContain('extends');
  });
});
