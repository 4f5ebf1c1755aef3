import { afterAll, describe, expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import { loadEngine } from '../../src/train/engine/loadEngine.ts';
import { type KernelCut, TruncatedSession, type Variant } from '../../src/train/step/truncatedSession.ts';
import { CLASSES, generalWeights, noise, openSession, smallTraining } from './smallTraining.ts';

const LAYERS = [
  { type: 'conv', name: 'c', filters: 3, kernel: 3 },
  { type: 'maxPool', size: 2 },
  { type: 'batchNorm', name: 'bn' },
  { type: 'conv', name: 'c2', filters: 6, kernel: 3 },
  { type: 'flatten' },
  { type: 'dense', name: 'a', units: 40 },
  { type: 'dense', name: 'out', units: CLASSES, activation: 'linear' },
];
const training = { ...smallTraining(LAYERS), test: noise('test', 600) };
const weights = generalWeights(training.network);
const values = new Map(weights);

/** Some matrices of the size of projectors, one for each of the kernel. */
function cutOf(layer: string): KernelCut {
  const { shape } = training.network.parameters.find(({ name }) => name === `${layer}/kernel`)!;
  const [inputs, outputs] = shape.slice(-2) as [number, number];
  const size = Math.min(inputs, outputs);
  const positions = shape.slice(0, -2).reduce((product, side) => product * side, 1);
  const stream = randomStream(0, `test/cut/${layer}`);
  return {
    side: outputs <= inputs ? 'right' : 'left',
    size,
    values: Float32Array.from({ length: positions * size * size }, () => stream.normal()),
  };
}

/** The kernel that a cut makes, in plain loops. */
function cutKernel(layer: string, { side, size, values: P }: KernelCut): Float32Array {
  const name = `${layer}/kernel`;
  const { shape } = training.network.parameters.find((parameter) => parameter.name === name)!;
  const [inputs, outputs] = shape.slice(-2) as [number, number];
  const kernel = values.get(name)!;
  return kernel.map((_, at) => {
    const position = Math.floor(at / (inputs * outputs));
    const i = Math.floor(at / outputs) % inputs;
    const j = at % outputs;
    let sum = 0;
    for (let k = 0; k < size; k++) {
      const w =
        side === 'right'
          ? kernel[(position * inputs + i) * outputs + k]! * P[(position * size + k) * size + j]!
          : P[(position * size + i) * size + k]! * kernel[(position * inputs + k) * outputs + j]!;
      sum += w;
    }
    return sum;
  });
}

describe('TruncatedSession', () => {
  const variants: Variant[] = [
    { name: 'one', layers: ['a'] },
    { name: 'convolution', layers: ['c2'] },
    { name: 'both', layers: ['a', 'c2'] },
  ];
  const cuts = new Map(['a', 'c2'].map((layer) => [layer, cutOf(layer)]));
  const session = new TruncatedSession(loadEngine().binding, {
    ...training,
    classes: CLASSES,
    split: training.test,
    variants,
    sides: cuts,
  });
  afterAll(() => session.close());

  it('has the errors of networks that are given the cut kernels', () => {
    session.setParameters(values);
    for (const { name, layers } of variants) {
      session.cut(name, new Map(layers.map((layer) => [layer, cuts.get(layer)!])));
    }
    const errors = session.errors();
    expect([...errors.keys()]).toEqual(['', 'one', 'convolution', 'both']);
    for (const { name, layers } of [{ name: '', layers: [] as string[] }, ...variants]) {
      const changed = new Map([
        ...weights,
        ...layers.map((layer) => [`${layer}/kernel`, cutKernel(layer, cuts.get(layer)!)] as const),
      ]);
      const other = openSession(training, changed, []);
      try {
        // One image may lie on the border between two classes.
        expect(Math.abs(errors.get(name)! - (1 - other.evaluate().accuracy))).toBeLessThan(1.5 / 600);
      } finally {
        other.close();
      }
    }
    expect(new Set(errors.values()).size).toBeGreaterThan(2);
  });

  it('refuses parameters that are not whole', () => {
    expect(() => session.setParameters(new Map())).toThrow(
      'parameter c/kernel must have 54 values, got none',
    );
  });
});
