import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { engineParts } from '../../../src/train/engine/enginePaths.ts';
import { loadEngine } from '../../../src/train/engine/loadEngine.ts';
import { GraphBuilder } from '../../../src/train/graph/graphBuilder.ts';
import { GraphSession } from '../../../src/train/graph/graphSession.ts';
import { MOST_FUSED_IMAGES, MOST_FUSED_IMAGES_DENSE_ONLY } from '../../../src/train/step/layers.ts';
import { buildTrainingGraph } from '../../../src/train/step/trainingGraph.ts';
import { CLASSES, smallTraining } from '../smallTraining.ts';
import { expectStock, trained } from './fusedTraining.ts';

type Instructions = 'avx512' | 'avx2';

const { binding, info } = loadEngine();
const has = binding.fusedOperators !== null;

/** Lets the operators compute with those instructions; false where the processor lacks them. */
function use(instructions: Instructions | null, threads: number): boolean {
  const operators = createRequire(import.meta.url)(join(info.folder, engineParts.ops));
  return operators.use(instructions, threads) !== null;
}

function dense(units: number, name: string, activation = 'relu') {
  return { type: 'dense', name, units, activation };
}

describe.runIf(has)('fused operators', () => {
  const restore = (): void => void use(null, info.threads ?? availableParallelism());
  afterAll(restore);

  describe.each(['avx512', 'avx2'] as const)('%s', (instructions) => {
    const there = use(instructions, 2);
    beforeEach(() => void use(instructions, 2));

    it.runIf(there).each(['sgd', 'momentum', 'nesterov', 'adadelta', 'adam'] as const)(
      'trains with %s as the stock graph does',
      (type) => {
        const epsilon = type === 'adam' || type === 'adadelta' ? 1e-3 : 1e-7; // keeps tiny gradients from deciding
        const training = smallTraining(
          [
            { type: 'flatten' },
            dense(70, 'fc1'),
            dense(33, 'fc2', 'linear'),
            dense(CLASSES, 'fc3', 'linear'),
          ],
          { optimizer: { type, epsilon }, l2: { layers: ['fc1', 'fc3'], coefficient: 0.01 } },
        );
        expectStock(training, 9, 1e-5);
      },
    );

    it.runIf(there)('does so for any shape', () => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 2 }),
          fc.oneof(
            fc.integer({ min: 1, max: 40 }),
            fc.integer({ min: 41, max: MOST_FUSED_IMAGES_DENSE_ONLY }),
          ),
          fc.boolean(),
          fc.constantFrom('unitScale', 'perImageStandardization'),
          (units, batch, relu, preprocessing) => {
            const hidden = units.map((count, i) => dense(count, `fc${i}`, relu ? 'relu' : 'linear'));
            const layers = [{ type: 'flatten' }, ...hidden, dense(CLASSES, 'last', 'linear')];
            expectStock(smallTraining(layers, { preprocessing }), batch, 1e-5);
          },
        ),
        { numRuns: 12, seed: 1 },
      );
    });

    it.runIf(there)('gives the same bytes with any number of threads, every time', () => {
      const training = smallTraining(
        [{ type: 'flatten' }, dense(200, 'fc1'), dense(130, 'fc2'), dense(CLASSES, 'fc3', 'linear')],
        { optimizer: { type: 'momentum' } },
      );
      for (const batch of [3, 20, 64]) {
        const bytes = [1, 2, 2, 5].map((threads) => {
          use(instructions, threads);
          const { state, totals } = trained(training, batch, 3, true);
          return JSON.stringify([totals, ...[...state.values()].map((values) => [...values])]);
        });
        expect(new Set(bytes).size).toBe(1);
      }
    });
  });

  it('stand beside batch norm, dropout and convolutions', () => {
    restore();
    const training = smallTraining(
      [
        { type: 'conv', name: 'conv', filters: 4, kernel: 3, stride: 1, padding: 'same', activation: 'relu' },
        { type: 'flatten' },
        dense(40, 'fc1'),
        { type: 'batchNorm', name: 'bn' },
        dense(CLASSES, 'fc2', 'linear'),
      ],
      { optimizer: { type: 'momentum' }, dropout: { layers: ['fc1'], rate: 0.3 } },
    );
    expectStock(training, 16, 1e-4);
  });

  it('leave bfloat16 to TensorFlow', () => {
    const training = smallTraining([{ type: 'flatten' }, dense(40, 'fc1'), dense(CLASSES, 'fc2', 'linear')], {
      precision: 'bfloat16',
    });
    expectStock(training, 8, 1e-4);
  });

  it('fail the call when they are given what does not fit', () => {
    const graph = new GraphBuilder();
    const inputs = [
      graph.constant([1, 2, 3], [1, 3], 'float32'),
      graph.constant([1, 2], [2, 1], 'float32'),
      graph.constant([1], [1], 'float32'),
    ];
    graph.op('PhasewatchDense', inputs, { relu: { bool: true } }, { name: 'y' });
    const session = new GraphSession(binding, graph);
    expect(() => session.run({}, ['y'])).toThrow(/PhasewatchDense: x, W and b must be/);
    session.close();
  });
});

it('a stock graph has none of them, and one of large batches no dense layers', () => {
  const layers = [{ type: 'flatten' }, dense(CLASSES, 'fc1', 'linear')];
  const pooled = [{ type: 'maxPool', size: 2 }, ...layers];
  const graphWith = (fused: boolean, batch = 4, network = layers): string =>
    Buffer.from(
      buildTrainingGraph({
        ...smallTraining(network),
        classes: CLASSES,
        trainImages: 8,
        testImages: 8,
        calls: [{ batch, steps: 1 }],
        fused,
        gpu: false,
      }).graph.toSavedModel(),
    ).toString('latin1');
  const trains = 'PhasewatchDenseTraining';
  expect(graphWith(false)).not.toContain('Phasewatch');
  expect(graphWith(true)).toContain(trains);
  expect(graphWith(true, MOST_FUSED_IMAGES_DENSE_ONLY)).toContain(trains);
  expect(graphWith(true, MOST_FUSED_IMAGES_DENSE_ONLY + 1)).not.toContain(trains);
  expect(graphWith(true, MOST_FUSED_IMAGES, pooled)).toContain(trains);
  expect(graphWith(true, MOST_FUSED_IMAGES + 1, pooled)).not.toContain(trains);
});
