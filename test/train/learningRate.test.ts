import { expect, it } from 'vitest';
import { parseRunConfig, type RunConfig } from '../../src/experiment/config/schema.ts';
import { learningRateOf } from '../../src/train/learningRate.ts';

function rates(changes: object, epochs: number): number[] {
  const config: RunConfig = parseRunConfig({ network: 'mlp3', dataset: 'cifar10', epochs, ...changes });
  return Array.from({ length: epochs }, (_, i) => learningRateOf(config, i + 1));
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  for (const [i, rate] of expected.entries()) expect(found[i]).toBeCloseTo(rate, 12);
}

it.each([
  ['sgd', 0.01],
  ['momentum', 0.01],
  ['nesterov', 0.01],
  ['adam', 0.001],
  ['adadelta', 1],
])('is by default that of %s', (type, rate) => {
  expect(rates({ optimizer: { type } }, 1)).toEqual([rate]);
  expect(rates({ optimizer: { type }, learningRate: 0.3 }, 1)).toEqual([0.3]);
});

it('falls in steps, at given epochs and regularly', () => {
  expectClose(
    rates({ learningRate: 1, schedule: { type: 'step', at: [2, 3], factor: 0.5 } }, 5),
    [1, 1, 0.5, 0.25, 0.25],
  );
  expectClose(rates({ learningRate: 2, schedule: { type: 'step', every: 2 } }, 5), [2, 2, 0.2, 0.2, 0.02]);
});

it('falls along half a cosine, as CosineDecay of Keras 3', () => {
  // keras.optimizers.schedules.CosineDecay(0.1, 5, alpha=0.01)(0 .. 4)
  const keras = [0.10000000149, 0.09054633975, 0.06579633802, 0.03520364687, 0.01045365538];
  const found = rates({ learningRate: 0.1, schedule: { type: 'cosine', final: 0.01 } }, 5);
  for (const [i, rate] of keras.entries()) expect(found[i]).toBeCloseTo(rate, 7);
  const longer = rates({ learningRate: 0.1, schedule: { type: 'cosine', final: 0.01, epochs: 5 } }, 7);
  expectClose(longer, [...found, 0.001, 0.001]);
});

it('rises in even steps before', () => {
  expectClose(rates({ learningRate: 1, schedule: { warmUp: 4 } }, 6), [0.25, 0.5, 0.75, 1, 1, 1]);
  expectClose(rates({ learningRate: 1, schedule: { type: 'cosine', warmUp: 2 } }, 4), [0.5, 1, 1, 0.5]);
});

it('is multiplied by the decay too', () => {
  expectClose(
    rates({ learningRate: 1, learningRateDecay: 0.5, schedule: { type: 'step', at: [1], factor: 0.1 } }, 2),
    [1, 0.05],
  );
});
