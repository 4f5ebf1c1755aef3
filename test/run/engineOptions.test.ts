import { describe, expect, it } from 'vitest';
import { runConfigSchema } from '../../src/experiment/config/schema.ts';
import { engineOptions } from '../../src/run/engineOptions.ts';

const anywhere = { threads: null, device: null };
const run = (changes: object) => runConfigSchema.parse({ network: 'mlp3', dataset: 'cifar10', ...changes });
const custom = (...hidden: object[]) => ({
  layers: [{ type: 'flatten' }, ...hidden, { type: 'dense', name: 'out', units: 10, activation: 'linear' }],
});

describe('networks of dense layers alone', () => {
  it.each([
    [[{}], true],
    [[{}, { network: custom({ type: 'dense', name: 'a', units: 7 }) }], true],
    [[{}, { network: 'lenet5', dataset: 'mnist' }], false],
    [[{ network: custom({ type: 'batchNorm', name: 'bn' }) }], false],
    [[{ precision: 'bfloat16' }], false],
    [[{ compile: 'xla' }], false],
  ])('%j: %s', (runs, denseOnly) => {
    expect(engineOptions(anywhere, runs.map(run)).denseOnly).toBe(denseOnly);
  });
});
