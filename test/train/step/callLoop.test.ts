// The loop of steps that a GPU is given, held on the CPU to the same steps one by one.
import { describe, expect, it } from 'vitest';
import { loadEngine } from '../../../src/train/engine/loadEngine.ts';
import { GraphBuilder } from '../../../src/train/graph/graphBuilder.ts';
import { GraphSession } from '../../../src/train/graph/graphSession.ts';
import { MAX_UNROLLED_STEPS } from '../../../src/train/step/sessionCalls.ts';
import {
  EVERY_LAYER,
  generalWeights,
  openSession,
  type SmallTraining,
  smallTraining,
} from '../smallTraining.ts';

const STEPS = MAX_UNROLLED_STEPS + 4;
const BATCH = 6;

function train(training: SmallTraining, calls: readonly number[]) {
  const shapes = [...new Set(calls)].map((steps) => ({ batch: BATCH, steps }));
  const session = openSession(training, generalWeights(training.network), shapes);
  try {
    let first = 0;
    let loss = 0;
    let correct = 0;
    for (const steps of calls) {
      const indices = Int32Array.from({ length: steps * BATCH }, (_, i) => ((first * BATCH + i) * 5) % 24);
      const totals = session.train(BATCH, steps, indices, 0.05, first);
      first += steps;
      loss += totals.loss;
      correct += totals.correct;
    }
    return { loss, correct, state: session.getState(session.state.map(({ name }) => name)) };
  } finally {
    session.close();
  }
}

describe('a call of more steps than are unrolled', () => {
  it.each([
    ['sgd', {}],
    ['momentum', { optimizer: { type: 'momentum' } }],
    ['adam', { optimizer: { type: 'adam' } }],
    ['adadelta', { optimizer: { type: 'adadelta' } }],
    ['dropout and l2', { dropout: { rate: 0.5, layers: ['a'] }, l2: { coefficient: 0.01, layers: ['a'] } }],
    ['mse', { loss: 'mse', preprocessing: 'unitScale' }],
  ] as const)('ends with the bytes of single steps: %s', (_, changes) => {
    const training = smallTraining(EVERY_LAYER, changes as never);
    const looped = train(training, [STEPS]);
    const single = train(training, new Array(STEPS).fill(1));
    expect(looped.state).toEqual(single.state);
    expect(looped.correct).toBe(single.correct);
    expect(looped.loss).toBeCloseTo(single.loss, 4);
  });

  it('tells the first loss that is not finite', () => {
    const training = smallTraining(EVERY_LAYER);
    const weights = generalWeights(training.network);
    const session = openSession(training, weights, [{ batch: BATCH, steps: STEPS }]);
    const indices = new Int32Array(STEPS * BATCH);
    const totals = session.train(BATCH, STEPS, indices, 1e30, 0);
    expect(totals.divergedAt).toBeGreaterThan(0);
    session.close();
  });
});

describe('GraphBuilder.loop', () => {
  it('carries values through its rounds, with constants and placeholders from outside', () => {
    const graph = new GraphBuilder();
    const x = graph.placeholder('x', 'float32', []);
    const [sum] = graph.loop('sum', 5, [{ value: graph.scalar(1), dtype: 'float32' }], (round, [value]) => {
      const number = graph.op('Cast', [round], { SrcT: { type: 'int32' }, DstT: { type: 'float32' } });
      const scaled = graph.op('Mul', [number, x], { T: { type: 'float32' } });
      return [graph.op('AddV2', [value!, scaled], { T: { type: 'float32' } })];
    });
    graph.op('Identity', [sum!], { T: { type: 'float32' } }, { name: 'y' });
    const session = new GraphSession(loadEngine().binding, graph);
    const feeds = { x: { dtype: 'float32' as const, shape: [], data: Float32Array.of(3) } };
    expect(session.run(feeds, ['y'])[0]).toEqual(Float32Array.of(1 + 3 * (0 + 1 + 2 + 3 + 4)));
    session.close();
  });

  it('refuses what it cannot take in, and loops in loops', () => {
    const inLoop = (body: (graph: GraphBuilder, outside: string) => void): void => {
      const graph = new GraphBuilder();
      const outside = graph.op('Identity', [graph.scalar(1)], { T: { type: 'float32' } });
      graph.loop('outer', 2, [], () => {
        body(graph, outside);
        return [];
      });
    };
    expect(() => inLoop((graph, outside) => void graph.op('Identity', [outside]))).toThrow(
      /type of Identity_\d+, used in outer, must be known/,
    );
    expect(() => inLoop((graph) => void graph.loop('inner', 2, [], () => []))).toThrow(
      /loops must not be nested, got inner in outer/,
    );
  });
});
