import { describe, expect, it } from 'vitest';
import { parseRunConfig, type RunConfig, runConfigSchema } from '../../../src/experiment/config/schema.ts';
import { runIdentity, snapshotsServe } from '../../../src/experiment/sweep/runIdentity.ts';

const config = (changes: object = {}): RunConfig =>
  parseRunConfig({ network: 'lenet5', dataset: 'mnist', ...changes });

describe('run identity', () => {
  it.each<[string, object, object]>([
    ['a constant the optimizer does not read', {}, { optimizer: { rho: 0.5, beta1: 0.1, epsilon: 1 } }],
    ['all images, said by their number', {}, { trainImages: 60_000, testImages: 10_000 }],
    ['the seed of the weights, said as the seed', { seed: 4 }, { seed: 4, initSeed: 4 }],
    ['the snapshot policy', {}, { snapshots: { every: 5, dtype: 'float16', keep: 'last' } }],
  ])('does not change with %s', (_, a, b) => {
    expect(runIdentity(config(a))).toBe(runIdentity(config(b)));
  });

  it.each<[string, object]>([
    ['network', { network: 'mlp3' }],
    ['dataset', { dataset: 'cifar10' }],
    ['trainImages', { trainImages: 100 }],
    ['testImages', { testImages: 100 }],
    ['randomLabels', { randomLabels: 0.1 }],
    ['loss', { loss: 'mse' }],
    ['optimizer', { optimizer: { type: 'nesterov' } }],
    ['momentum', { optimizer: { momentum: 0.8 } }],
    ['learningRate', { learningRate: 0.02 }],
    ['learningRateDecay', { learningRateDecay: 0.9 }],
    ['batchSize', { batchSize: 31 }],
    ['epochs', { epochs: 11 }],
    ['l2', { l2: { coefficient: 0.1, layers: ['fc1'] } }],
    ['dropout', { dropout: { rate: 0.1, layers: ['fc1'] } }],
    ['earlyStopping', { earlyStopping: {} }],
    ['seed', { seed: 1 }],
    ['initSeed', { initSeed: 1 }],
    ['precision', { precision: 'bfloat16' }],
    ['convolution', { convolution: 'plain' }],
    ['compile', { compile: 'xla' }],
  ])('changes with %s', (_, changes) => {
    expect(runIdentity(config(changes))).not.toBe(runIdentity(config()));
  });

  it('stays that of runs from before `convolution: auto` and `compile`', () => {
    // Checkpoints hold the identity itself: a key that takes its default must leave it as it was.
    expect(runIdentity(config({ convolution: 'winograd' }))).toBe(runIdentity(config()));
    expect(runIdentity(config({ network: 'lenet5', seed: 1 }))).toBe(
      'bf4a0fad8cc6d0eb43db73a36694cc19f2b1a4bfa6e4ff2fafc8f5b872c96d13',
    );
  });

  it('covers every key of a run', () => {
    // A key added to the schema must be thought of here: does it change the weights?
    expect(Object.keys(runConfigSchema.shape)).toHaveLength(26);
  });
});

describe('stored snapshots', () => {
  const policy = (changes: object) => config({ snapshots: changes }).snapshots;
  it.each<[boolean, object, object]>([
    [true, {}, {}],
    [true, { every: 2 }, { every: 4 }],
    [false, { every: 2 }, { every: 3 }],
    [false, {}, { network: true }],
    [true, { dtype: 'float32' }, { dtype: 'float16' }],
    [false, { dtype: 'float16' }, { dtype: 'float32' }],
  ])('serve: %s, stored %j, wanted %j', (serve, stored, wanted) => {
    expect(snapshotsServe(policy(stored), policy(wanted))).toBe(serve);
  });
});
