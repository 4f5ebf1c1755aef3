import { expect } from 'vitest';
import { permutation, randomStream } from '../../../src/base/random/stream.ts';
import { loadEngine } from '../../../src/train/engine/loadEngine.ts';
import { TrainingSession } from '../../../src/train/step/trainingSession.ts';
import { CLASSES, generalWeights, relativeError, type SmallTraining, stateOf } from '../smallTraining.ts';

/** Returns the state, the losses and the evaluation after a few steps of `batch` images. */
export function trained(training: SmallTraining, batch: number, steps: number, fused: boolean) {
  const session = new TrainingSession(loadEngine().binding, {
    ...training,
    classes: CLASSES,
    calls: [{ batch, steps }],
    fused,
  });
  try {
    const weights = generalWeights(training.network);
    session.setState(
      new Map(
        session.state.map(({ name, shape }) => [
          name,
          weights.get(name) ?? new Float32Array(shape.reduce((a, b) => a * b, 1)),
        ]),
      ),
    );
    const order = permutation(randomStream(7, 'test/order'), training.train.count);
    const indices = Int32Array.from({ length: batch * steps }, (_, i) => order[i % order.length]!);
    const totals = session.train(batch, steps, indices, 0.02, 0);
    return { state: stateOf(session), totals, evaluation: session.evaluate() };
  } finally {
    session.close();
  }
}

/** Checks that fused operators train as TensorFlow's do: each tensor to `tolerance` of its norm. */
export function expectStock(training: SmallTraining, batch: number, tolerance: number): void {
  const stock = trained(training, batch, 2, false);
  const fused = trained(training, batch, 2, true);
  for (const [name, values] of stock.state) {
    expect(relativeError(fused.state.get(name)!, values, 1e-6), name).toBeLessThan(tolerance);
  }
  expect(fused.totals.loss).toBeCloseTo(stock.totals.loss, 3);
  expect(fused.totals.correct).toBe(stock.totals.correct);
  expect(fused.evaluation.loss).toBeCloseTo(stock.evaluation.loss, 4);
}
