import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/userError.ts';
import { loadExperiment } from '../../../src/experiment/sweep/loadExperiment.ts';
import { writeConfig } from './writtenConfig.ts';

const CONFIG = `name: any
network:
  layers:
    - { type: flatten }
    - { type: dense, name: fc1, units: 20 }
    - { type: dense, name: fc2, units: 10, activation: linear }
dataset: mnist
optimizer: { type: adam }
l2: { coefficient: 1e-3, layers: [fc1] }
snapshots: { every: 2 }
sweep:
  batchSize: [2, 4]
  optimizer.beta1: [0.8, 0.9]
  zip:
    - { seed: [1, 2], learningRate: [0.1, 0.2] }
  exclude: [{ seed: 1, batchSize: 2 }]
  include: [{ name: other, dropout: { rate: 0.5, layers: [fc1] } }]
`;

/** Whatever is wrong is the user's to mend, and said with its place: never another kind of error. */
function loadsOrTells(text: string, set: string[] = []): void {
  const path = writeConfig(text, 'any.yaml');
  try {
    loadExperiment(path, { set });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.message).not.toBe('');
  }
}

describe('any text as a config', () => {
  it('that is taken as it stands has eight runs less those left out, and one more', () => {
    expect(loadExperiment(writeConfig(CONFIG, 'any.yaml')).runs).toHaveLength(8 - 2 + 1);
  });

  it('is loaded or refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => loadsOrTells(text)),
      { numRuns: 60 },
    );
  });

  it('is loaded or refused with a piece of a good config cut out or replaced', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '',
        ' ',
        '\n',
        ': ',
        '- ',
        '[',
        '}',
        '&a ',
        '*a',
        '!!map ',
        'null',
        '-1',
        '1e999',
        '"',
        '#',
        '\t',
        '? ',
        '<<: ',
      ),
      fc.string({ maxLength: 4 }),
    );
    const at = fc.integer({ min: 0, max: CONFIG.length });
    fc.assert(
      fc.property(at, fc.integer({ min: 0, max: 12 }), piece, (from, length, put) =>
        loadsOrTells(CONFIG.slice(0, from) + put + CONFIG.slice(from + length)),
      ),
      { numRuns: 150 },
    );
  });

  it('is loaded or refused as an override', () => {
    const key = fc.constantFrom(
      'epochs',
      'sweep.batchSize',
      'sweep',
      'l2',
      'network',
      'sweep.zip',
      'analysis',
      'optimizer.type',
      'name',
    );
    fc.assert(
      fc.property(key, fc.oneof(fc.string(), fc.json()), (name, value) =>
        loadsOrTells(CONFIG, [`${name}=${value}`]),
      ),
      { numRuns: 80 },
    );
  });
});
