import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { engineParts } from '../../../src/train/engine/enginePaths.ts';
import { loadEngine } from '../../../src/train/engine/loadEngine.ts';
import { buildTrainingGraph } from '../../../src/train/step/trainingGraph.ts';
import { readGraph } from '../graph/readGraph.ts';
import { CLASSES, type SmallTraining, smallTraining } from '../smallTraining.ts';
import { expectStock, trained } from './fusedTraining.ts';

const { binding, info } = loadEngine();
const operators = createRequire(import.meta.url)(join(info.folder, engineParts.ops));

function conv(name: string, filters: number, changes: object = {}) {
  return { type: 'conv', name, filters, kernel: 5, padding: 'same', ...changes };
}

/** Images of 7 x 8 x 2, convolved by the definition and then, where there are 16 channels, by Winograd's tiles. */
function network(...layers: object[]): object[] {
  return [
    ...layers,
    { type: 'flatten' },
    { type: 'dense', name: 'out', units: CLASSES, activation: 'linear' },
  ];
}

describe.runIf(binding.fusedOperators !== null)('fused convolutions', () => {
  afterAll(() => void operators.use(null, info.threads ?? availableParallelism()));

  describe.each(['avx512', 'avx2'] as const)('%s', (instructions) => {
    const there = operators.use(instructions, 2) !== null;
    beforeEach(() => void operators.use(instructions, 2));

    it.runIf(there).each(['sgd', 'momentum', 'nesterov', 'adadelta', 'adam'] as const)(
      'train with %s as the stock graph does',
      (type) => {
        const epsilon = type === 'adam' || type === 'adadelta' ? 1e-3 : 1e-7; // keeps tiny gradients from deciding
        const training = smallTraining(
          network(conv('c1', 20), { type: 'maxPool', size: 2 }, conv('c2', 18)),
          {
            optimizer: { type, epsilon },
            l2: { layers: ['c1', 'c2'], coefficient: 0.01 },
          },
        );
        expectStock(training, 9, 1e-4);
      },
    );

    it.runIf(there)('do so for any shape', () => {
      const padding = fc.constantFrom('same', 'valid');
      const pool = fc.option(
        fc.record({ size: fc.integer({ min: 1, max: 3 }), stride: fc.integer({ min: 1, max: 3 }), padding }),
        { nil: null },
      );
      const activation = fc.constantFrom('relu', 'linear');
      fc.assert(
        fc.property(
          fc.record({
            filters: fc.integer({ min: 16, max: 70 }),
            kernel: fc.integer({ min: 1, max: 5 }),
            pool,
            activation,
          }),
          fc.record({ filters: fc.integer({ min: 16, max: 70 }), pool, activation }),
          fc.integer({ min: 1, max: 24 }),
          (first, second, batch) => {
            const pooled = ({ pool }: { pool: object | null }) =>
              pool === null ? [] : [{ type: 'maxPool', ...pool }];
            const layers = network(
              conv('c1', first.filters, { kernel: first.kernel, activation: first.activation }),
              ...pooled(first),
              conv('c2', second.filters, { activation: second.activation }),
              ...pooled(second),
            );
            expectStock(smallTraining(layers), batch, 1e-3);
          },
        ),
        { numRuns: 12, seed: 1 },
      );
    });

    it.runIf(there)('do so for more filters and tiles than are multiplied at a time', () => {
      const layers = network(conv('c1', 70), { type: 'maxPool', size: 2 }, conv('c2', 70), {
        type: 'maxPool',
        size: 2,
      });
      for (const batch of [1, 4]) {
        expectStock(smallTraining(layers, { imageShape: [24, 30, 3] }), batch, 1e-3);
      }
    });

    it.runIf(there).each([
      ['a layer beside the pooling that takes the convolution', {}],
      ['dropout between them', { dropout: { layers: ['c1'], rate: 0.3 } }],
      ['weights that stay', { train: { layers: ['c2', 'out'] } }],
      ['clipped gradients', { clipNorm: 0.1 }],
    ])('stand back for %s', (_what, changes) => {
      const pool = { type: 'maxPool', size: 3, stride: 1, padding: 'same' };
      const layers = network(conv('c1', 20), pool, { type: 'add', with: 'c1' }, conv('c2', 18));
      expectStock(smallTraining(layers, changes), 7, 1e-4);
    });

    it.runIf(there)('give the same bytes with any number of threads, every time', () => {
      const training = smallTraining(
        network(conv('c1', 20), conv('c2', 18, { padding: 'valid' }), conv('c3', 70), {
          type: 'maxPool',
          size: 2,
        }),
        { optimizer: { type: 'momentum' } },
      );
      for (const batch of [1, 4, 24]) {
        const bytes = [1, 2, 2, 5].map((threads) => {
          operators.use(instructions, threads);
          const { state, totals } = trained(training, batch, 3, true);
          return JSON.stringify([totals, ...[...state.values()].map((values) => [...values])]);
        });
        expect(new Set(bytes).size).toBe(1);
      }
    });
  });
});

describe('a graph', () => {
  const trainedByOurs = (training: SmallTraining, batch: number): number => {
    const { graph } = buildTrainingGraph({
      ...training,
      classes: CLASSES,
      trainImages: 8,
      testImages: 8,
      calls: [{ batch, steps: 1 }],
      fused: true,
      gpu: false,
    });
    return readGraph(graph.toSavedModel()).filter(({ op }) => op === 'PhasewatchConvolutionTraining').length;
  };
  const few = network(conv('c1', 20), conv('c2', 18));
  const many = network(conv('c1', 70), conv('c2', 70));

  it.each([
    ['few filters, any batch', few, 300, {}, 2],
    ['many filters, a small batch', many, 4, {}, 2],
    ['many filters, a large batch', many, 300, {}, 0],
    ['plain convolutions', few, 8, { convolution: 'plain' as const }, 1],
    ['bfloat16', few, 8, { precision: 'bfloat16' as const }, 0],
  ])('of %s has its own operators where they are faster', (_what, layers, batch, changes, expected) => {
    expect(trainedByOurs(smallTraining(layers, changes), batch)).toBe(expected);
  });
});
