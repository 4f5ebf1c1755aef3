import { describe, expect, it } from 'vitest';
import { networkOf } from '../../src/experiment/sweep/checkRun.ts';
import { buildTrainingGraph } from '../../src/train/step/trainingGraph.ts';
import { dropoutMask } from './dropoutMask.ts';
import { type GraphNode, readGraph } from './graph/readGraph.ts';
import { generalWeights, openSession, smallTraining, stateOf } from './smallTraining.ts';
import { jobConfig } from './trainingJobs.ts';

const layers = [
  { type: 'flatten' },
  { type: 'dense', name: 'a', units: 40, activation: 'linear' },
  { type: 'dense', name: 'out', units: 5, activation: 'linear' },
];
const BATCH = 8;
const INDICES = Int32Array.from({ length: BATCH }, (_, i) => i);
const RATE = 0.3;

/** Which (unit of layer a) saw no image in a step: where dropout took a unit from the whole batch its bias gets no gradient. */
function lossOf(seed: number, step: number): { loss: number; bias: Float32Array } {
  const training = smallTraining(layers, { seed, dropout: { rate: RATE, layers: ['a'] } });
  const session = openSession(training, generalWeights(training.network), [{ batch: BATCH, steps: 1 }]);
  try {
    const { loss } = session.train(BATCH, 1, INDICES, 1, step);
    return { loss, bias: stateOf(session).get('a/bias')! };
  } finally {
    session.close();
  }
}

describe('dropout', () => {
  it('draws other masks at every step, for every seed and layer, and the same again for the same', () => {
    const reference = lossOf(5, 0);
    expect(lossOf(5, 0)).toEqual(reference);
    for (const [seed, step] of [
      [5, 1],
      [5, 2],
      [6, 0],
    ] as const) {
      const other = lossOf(seed, step);
      expect(other.loss).not.toBe(reference.loss);
      expect(other.bias).not.toEqual(reference.bias);
    }
    const mask = dropoutMask(5, 'a', RATE, 0, [BATCH, 40]);
    expect(dropoutMask(5, 'b', RATE, 0, [BATCH, 40])).not.toEqual(mask);
    // The images of a batch have masks of their own.
    expect(mask.slice(0, 40)).not.toEqual(mask.slice(40, 80));
  });

  it('keeps the share 1 - rate, scaled so that the mean stays', () => {
    for (const rate of [0.1, 0.5, 0.9]) {
      const n = 40_000;
      const mask = dropoutMask(1, 'fc1', rate, 3, [n]);
      const kept = mask.filter((value) => value > 0);
      expect(Math.abs(kept.length / n - (1 - rate))).toBeLessThan(5 * Math.sqrt((rate * (1 - rate)) / n));
      expect(new Set(kept)).toEqual(new Set([1 / (1 - rate)]));
    }
  });

  it('changes from step to step inside one call, as in calls of one step', () => {
    const train = (steps: number): Float32Array => {
      const training = smallTraining(layers, { dropout: { rate: RATE, layers: ['a'] } });
      const session = openSession(training, generalWeights(training.network), [{ batch: BATCH, steps }]);
      try {
        const indices = Int32Array.from({ length: BATCH * steps }, (_, i) => i % BATCH);
        for (let step = 0; step < 4; step += steps) session.train(BATCH, steps, indices, 0.1, step);
        return stateOf(session).get('a/kernel')!;
      } finally {
        session.close();
      }
    };
    const single = train(1);
    const together = train(4);
    together.forEach((w, i) => {
      expect(Math.abs(w - single[i]!)).toBeLessThan(1e-6);
    });
  });

  it('is left out of evaluation', () => {
    const evaluate = (dropout: { rate: number; layers: string[] } | null): number => {
      const training = smallTraining(layers, { dropout });
      const session = openSession(training, generalWeights(training.network), []);
      try {
        return session.evaluate().loss;
      } finally {
        session.close();
      }
    };
    expect(evaluate({ rate: 0.9, layers: ['a'] })).toBe(evaluate(null));
  });

  it('is in the graph as an op that draws, not as a mask', () => {
    const nodesOf = (dropout: object | null): GraphNode[] => {
      const config = jobConfig({
        network: 'miniAlexNetBatchNorm',
        dataset: 'cifar10',
        dropout,
        convolution: 'plain', // Winograd's matrices are constants too
      });
      const { graph } = buildTrainingGraph({
        network: networkOf(config),
        config,
        preprocessing: 'perImageStandardization',
        classes: 10,
        fused: false,
        gpu: false,
        trainImages: 64,
        testImages: 32,
        calls: [
          { batch: 16, steps: 1 },
          { batch: 2, steps: 3 },
        ],
      });
      return readGraph(graph.toSavedModel());
    };
    const draws = (nodes: GraphNode[]): number =>
      nodes.filter(({ op }) => op.startsWith('StatelessRandom')).length;
    const largestConstant = (nodes: GraphNode[]): number =>
      Math.max(...nodes.map(({ constantBytes }) => constantBytes));
    const dropped = nodesOf({ rate: 0.5, layers: ['bn3', 'bn4'] });
    // two layers in 1 + 3 steps
    expect(draws(dropped)).toBe(8);
    expect(draws(nodesOf(null))).toBe(0);
    // The constants are shapes and scalars: nothing drawn in JavaScript can hide in them.
    expect(largestConstant(dropped)).toBeLessThanOrEqual(16);
    const random = dropped.filter(({ op }) => /Random|Multinomial|Shuffle/.test(op));
    expect(new Set(random.map(({ op }) => op))).toEqual(new Set(['StatelessRandomUniform']));
  });
});
