import type { OptimizerConfig, RunConfig } from '../../src/config/schema.ts';
import type { Network, Parameter } from '../../src/networks/network.ts';
import type { ImageSplit } from '../../src/train/trainingSession.ts';

/** The same numbers as in scripts/makeKerasFixtures.py. */
export const CLASSES = 10;
export const TRAIN_IMAGES = 64;
export const TEST_IMAGES = 32;
export const BATCH = 16;
export const STEPS = 50;
const SAMPLES = 160;
const L2 = 0.01;

export const LOSSES = ['mse', 'crossEntropy'] as const;

const constants = { momentum: 0.9, rho: 0.95, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
export const OPTIMIZERS: Record<
  OptimizerConfig['type'],
  { optimizer: OptimizerConfig; learningRate: number }
> = {
  sgd: { optimizer: { type: 'sgd', ...constants }, learningRate: 0.1 },
  momentum: { optimizer: { type: 'momentum', ...constants }, learningRate: 0.01 },
  nesterov: { optimizer: { type: 'nesterov', ...constants }, learningRate: 0.01 },
  adadelta: { optimizer: { type: 'adadelta', ...constants }, learningRate: 1 },
  adam: { optimizer: { type: 'adam', ...constants }, learningRate: 0.001 },
};

export interface KerasCase {
  /** Its part of the tensor names of the fixture. */
  name: string;
  optimizer: OptimizerConfig;
  learningRate: number;
  loss: RunConfig['loss'];
  l2: RunConfig['l2'];
}

/** Returns the cases that the fixture of a network holds. */
export function kerasCases(network: string): KerasCase[] {
  const cases: KerasCase[] = Object.entries(OPTIMIZERS).flatMap(([type, { optimizer, learningRate }]) =>
    LOSSES.map((loss) => ({ name: `${type}-${loss}`, optimizer, learningRate, loss, l2: null })),
  );
  if (network !== 'lenet5') {
    cases.push({
      name: 'momentum-mse-l2',
      ...OPTIMIZERS.momentum,
      loss: 'mse',
      l2: { coefficient: L2, layers: ['fc1', 'fc2'] },
    });
  }
  return cases;
}

/** A bijective mix of 32 bits. */
function hash32(value: number): number {
  let x = value >>> 0;
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  x ^= x >>> 16;
  return x >>> 0;
}

function salted(salt: number, count: number): Uint32Array {
  const start = hash32(salt);
  return Uint32Array.from({ length: count }, (_, i) => hash32(start + i));
}

/** Returns images of noise over a pattern that belongs to the label. */
export function kerasImages(split: 'train' | 'test', shape: readonly number[]): ImageSplit {
  const [salt, count] = split === 'train' ? [10, TRAIN_IMAGES] : [20, TEST_IMAGES];
  const labels = Uint8Array.from(salted(salt, count), (value) => value % CLASSES);
  const size = shape.reduce((a, b) => a * b, 1);
  const pattern = salted(1, CLASSES * size);
  const noise = salted(salt + 1, count * size);
  const images = Uint8Array.from(noise, (value, i) => {
    const ofLabel = pattern[labels[Math.floor(i / size)]! * size + (i % size)]!;
    return ((ofLabel >>> 24) + 3 * (value >>> 24)) >>> 2;
  });
  return { images, labels, count };
}

/** Returns the images of the batch of a step, by their place in the training images. */
export function batchIndices(step: number): Int32Array {
  return Int32Array.from(salted(1000 + step, BATCH), (value) => value % TRAIN_IMAGES);
}

export function kerasInitialWeights(network: Network): Map<string, Float32Array> {
  return new Map(
    network.parameters.map((parameter, number) => [parameter.name, initialValue(parameter, number)]),
  );
}

function initialValue({ kind, shape, fanIn, fanOut }: Parameter, number: number): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  if (kind === 'gamma' || kind === 'moving_variance') return new Float32Array(size).fill(1);
  if (kind === 'beta' || kind === 'moving_mean') return new Float32Array(size);
  if (kind === 'bias') return new Float32Array(size).fill(0.1);
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  return Float32Array.from(salted(100 + number, size), (value) => (2 * (value / 4294967296) - 1) * limit);
}

/** Returns the places of a tensor whose values the fixture holds. */
export function sampleIndices(size: number): Uint32Array {
  if (size <= SAMPLES) return Uint32Array.from({ length: size }, (_, i) => i);
  return salted(size, SAMPLES).map((value) => value % size);
}
