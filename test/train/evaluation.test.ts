import { describe, expect, it } from 'vitest';
import type { Split } from '../../src/experiment/data/dataset.ts';
import { generalWeights, noise, openSession, smallTraining } from './smallTraining.ts';

/** The second convolution is one that Winograd's algorithm takes: 64 channels each way, even sides. */
const layers = [
  { type: 'conv', name: 'conv1', filters: 64, kernel: 3, padding: 'same' },
  { type: 'maxPool', size: 3 },
  { type: 'conv', name: 'conv2', filters: 64, kernel: 5, padding: 'same' },
  { type: 'flatten' },
  { type: 'dense', name: 'fc1', units: 5, activation: 'linear' },
];

describe('evaluation', () => {
  const evaluate = (test: Split, convolution: 'winograd' | 'plain') => {
    const training = { ...smallTraining(layers, { convolution }), test };
    const session = openSession(training, generalWeights(training.network), []);
    try {
      return session.evaluate();
    } finally {
      session.close();
    }
  };

  it('over several calls and a rest says what it says over one', () => {
    const once = noise('test', 17);
    const images = new Uint8Array(64 * once.images.length);
    const labels = new Uint8Array(64 * once.count);
    for (let copy = 0; copy < 64; copy++) {
      images.set(once.images, copy * once.images.length);
      labels.set(once.labels, copy * once.count);
    }
    const expected = evaluate(once, 'plain');
    const found = evaluate({ images, labels, count: 64 * once.count }, 'plain');
    expect(found.loss).toBeCloseTo(expected.loss, 5);
    expect(found.accuracy).toBe(expected.accuracy);
  });

  it('by Winograd agrees with plain convolutions', () => {
    const test = noise('test', 3);
    const expected = evaluate(test, 'plain');
    const found = evaluate(test, 'winograd');
    expect(found.loss).not.toBe(expected.loss);
    expect(Math.abs(found.loss / expected.loss - 1)).toBeLessThan(1e-5);
    expect(found.accuracy).toBe(expected.accuracy);
  });
});
