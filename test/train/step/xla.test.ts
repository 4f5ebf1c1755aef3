// `compile: xla` on the CPU, whose library has the compiler too, held to the plain graph.
import { expect, it } from 'vitest';
import { EVERY_LAYER, generalWeights, openSession, smallTraining } from '../smallTraining.ts';

const STEPS = 3;
const BATCH = 6;

function train(compile: 'graph' | 'xla', changes: object): Map<string, Float32Array> {
  const training = smallTraining(EVERY_LAYER, { compile, ...changes });
  const session = openSession(training, generalWeights(training.network), [{ batch: BATCH, steps: STEPS }]);
  try {
    const indices = Int32Array.from({ length: STEPS * BATCH }, (_, i) => (i * 5) % 24);
    session.train(BATCH, STEPS, indices, 0.05, 0);
    return session.getState(session.state.map(({ name }) => name));
  } finally {
    session.close();
  }
}

it.each([
  ['momentum', { optimizer: { type: 'momentum' } }],
  ['adadelta, mse', { optimizer: { type: 'adadelta' }, loss: 'mse' }],
] as const)('trains as the plain graph does, to rounding: %s', (_, changes) => {
  const plain = train('graph', changes);
  const compiled = train('xla', changes);
  let differs = false;
  for (const [name, values] of plain) {
    const scale = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    const distance = Math.sqrt(
      values.reduce((sum, value, i) => sum + (value - compiled.get(name)![i]!) ** 2, 0),
    );
    expect(distance / scale, name).toBeLessThan(1e-5);
    differs ||= distance > 0;
  }
  // Another order of sums: equal bytes would mean that nothing was compiled.
  expect(differs).toBe(true);
});
