import { describe, expect, it } from 'vitest';
import { loadEngine } from '../../src/train/engine/loadEngine.ts';
import { eagerEvaluation, eagerStep, type State } from './eagerStep.ts';
import {
  generalWeights,
  openSession,
  relativeError,
  type SmallTraining,
  smallTraining,
  stateOf,
} from './smallTraining.ts';

const conv = { type: 'conv', name: 'conv', filters: 4, kernel: 3 };
const pool = { type: 'maxPool', size: 3, padding: 'same' };
const batchNorm = (name: string) => ({ type: 'batchNorm', name });
const hidden = { type: 'dense', name: 'hidden', units: 9 };
const out = { type: 'dense', name: 'out', units: 5, activation: 'linear' };
const flatten = { type: 'flatten' };

/** Every kind of layer, with the order of MiniAlexNet. */
const all = [conv, pool, batchNorm('bn1'), flatten, hidden, batchNorm('bn2'), out];

const BATCH = 6;
const STEPS = 4;
const INDICES = Int32Array.of(
  3,
  17,
  8,
  0,
  11,
  21,
  1,
  2,
  9,
  22,
  23,
  5,
  6,
  6,
  13,
  20,
  4,
  19,
  7,
  10,
  12,
  14,
  15,
  16,
);

/** Trains compiled, `stepsPerCall` steps a call, and eagerly, and compares every variable, the loss and the answers. */
function compare(training: SmallTraining, learningRate: number, stepsPerCall: number): void {
  const { tf } = loadEngine();
  const session = openSession(training, generalWeights(training.network), [
    { batch: BATCH, steps: stepsPerCall },
    { batch: BATCH - 2, steps: 1 },
  ]);
  try {
    let eager: State = stateOf(session);
    const firstStep = 7;
    let loss = 0;
    let correct = 0;
    const eagerly = (indices: Int32Array, step: number): void => {
      const result = eagerStep(tf, training, eager, indices, learningRate, step);
      eager = result.state;
      loss += result.loss * indices.length;
      correct += result.correct;
    };
    const totals = { loss: 0, correct: 0 };
    const compiled = (batch: number, steps: number, indices: Int32Array, step: number): void => {
      const result = session.train(batch, steps, indices, learningRate, step);
      totals.loss += result.loss;
      totals.correct += result.correct;
    };
    for (let s = 0; s < STEPS; s++) eagerly(INDICES.slice(s * BATCH, (s + 1) * BATCH), firstStep + s);
    for (let s = 0; s < STEPS; s += stepsPerCall) {
      const indices = INDICES.slice(s * BATCH, (s + stepsPerCall) * BATCH);
      compiled(BATCH, stepsPerCall, indices, firstStep + s);
    }
    const last = INDICES.slice(2, BATCH);
    eagerly(last, firstStep + STEPS);
    compiled(BATCH - 2, 1, last, firstStep + STEPS);

    const after = stateOf(session);
    expect([...after.keys()].sort()).toEqual([...eager.keys()].sort());
    for (const [name, value] of eager) {
      // A slot starts at zero and holds gradients only, behind a batch norm of four images: their last bits weigh more there.
      const isSlot = !training.network.parameters.some((parameter) => parameter.name === name);
      expect(relativeError(after.get(name)!, value, 1e-6), name).toBeLessThan(isSlot ? 1e-4 : 2e-5);
    }
    expect(Math.abs(totals.loss / loss - 1)).toBeLessThan(2e-6);
    expect(totals.correct).toBe(correct);
    const evaluation = session.evaluate();
    const reference = eagerEvaluation(tf, training, eager);
    expect(Math.abs(evaluation.loss / reference.loss - 1)).toBeLessThan(1e-5);
    expect(evaluation.accuracy).toBeCloseTo(reference.accuracy, 6);
  } finally {
    session.close();
  }
}

describe('compiled steps equal steps of eager tfjs: parameters, slots, moving averages, loss and answers', () => {
  const rates = { sgd: 0.02, momentum: 0.01, nesterov: 0.01, adadelta: 0.2, adam: 0.001 };
  for (const [type, rate] of Object.entries(rates)) {
    it.each(['mse', 'crossEntropy'] as const)(`${type}, %s`, (loss) => {
      // Batch norm takes a shift away: a bias before it may have a gradient of last bits, which adadelta and adam would scale up.
      const epsilon = 1e-3;
      compare(
        smallTraining(all, { loss, optimizer: { type: type as keyof typeof rates, epsilon } }),
        rate,
        1,
      );
    });
  }

  it('with the default epsilon of adadelta and adam', () => {
    const layers = [conv, pool, flatten, hidden, out];
    compare(smallTraining(layers, { optimizer: { type: 'adadelta' } }), 0.2, 1);
    compare(smallTraining(layers, { optimizer: { type: 'adam' } }), 0.001, 1);
  });

  it('with constants of the optimizers other than the defaults', () => {
    compare(smallTraining(all, { optimizer: { type: 'momentum', momentum: 0.5 } }), 0.01, 1);
    compare(smallTraining(all, { optimizer: { type: 'adadelta', rho: 0.8, epsilon: 1e-4 } }), 0.2, 1);
    compare(
      smallTraining(all, { optimizer: { type: 'adam', beta1: 0.7, beta2: 0.9, epsilon: 1e-3 } }),
      0.01,
      1,
    );
  });

  it('with an L2 penalty', () => {
    const l2 = { coefficient: 0.03, layers: ['conv', 'hidden'] };
    compare(smallTraining(all, { l2, optimizer: { type: 'momentum' } }), 0.01, 1);
  });

  it('with dropout', () => {
    const dropout = { rate: 0.3, layers: ['bn1', 'hidden', 'bn2'] };
    compare(smallTraining(all, { dropout, optimizer: { type: 'momentum' } }), 0.01, 1);
  });

  it('with several steps in one call of the session', () => {
    const changes = {
      l2: { coefficient: 0.03, layers: ['hidden'] },
      dropout: { rate: 0.3, layers: ['hidden'] },
      optimizer: { type: 'adam' as const, epsilon: 1e-3 },
    };
    compare(smallTraining(all, changes), 0.001, 4);
    compare(smallTraining(all, { ...changes, optimizer: { type: 'momentum' } }), 0.01, 2);
  });

  it('with strides, valid padding and linear layers', () => {
    const layers = [
      { ...conv, stride: 2, padding: 'valid', activation: 'linear' },
      { type: 'maxPool', size: 2, stride: 1 },
      flatten,
      { ...hidden, activation: 'linear' },
      out,
    ];
    compare(smallTraining(layers, { optimizer: { type: 'nesterov' }, preprocessing: 'unitScale' }), 0.01, 1);
  });
});

it('bfloat16 products stay near float32 ones and are not the same', () => {
  const losses = (['float32', 'bfloat16'] as const).map((precision) => {
    const training = smallTraining(all, { precision });
    const session = openSession(training, generalWeights(training.network), [{ batch: BATCH, steps: 1 }]);
    try {
      return session.train(BATCH, 1, INDICES.slice(0, BATCH), 0.1, 0).loss;
    } finally {
      session.close();
    }
  });
  expect(losses[1]).not.toBe(losses[0]);
  expect(Math.abs(losses[1]! / losses[0]! - 1)).toBeLessThan(0.02);
});
