import type { OptimizerConfig, RunConfig } from '../../src/experiment/config/schema.ts';
import type { Split } from '../../src/experiment/data/dataset.ts';
import type { Network, Parameter } from '../../src/experiment/networks/network.ts';

/** The same numbers as in scripts/makeKerasFixtures.py. */
export const CLASSES = 10;
export const TRAIN_IMAGES = 64;
export const TEST_IMAGES = 32;
export const BATCH = 16;
export const STEPS = 50;
const SAMPLES = 160;
const L2 = 0.01;

const LOSSES = ['mse', 'crossEntropy'] as const;

const constants = { momentum: 0.9, rho: 0.95, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0 };
type Rates = Record<OptimizerConfig['type'], readonly [mse: number, crossEntropy: number]>;
const RATES: Rates = {
  sgd: [0.005, 0.001],
  momentum: [0.001, 0.0001],
  nesterov: [0.001, 0.0001],
  adadelta: [0.05, 0.01],
  adam: [0.0001, 0.00001],
};
const BATCH_NORM_RATES: Rates = {
  sgd: [0.0005, 0.0001],
  momentum: [0.0002, 0.000004],
  nesterov: [0.0002, 0.000004],
  adadelta: [0.01, 0.002],
  adam: [0.00002, 0.000002],
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
  const rates = network.startsWith('miniAlexNet') ? BATCH_NORM_RATES : RATES;
  const cases: KerasCase[] = (Object.keys(rates) as OptimizerConfig['type'][]).flatMap((type) =>
    LOSSES.map((loss, i) => ({
      name: `${type}-${loss}`,
      optimizer: { type, ...constants },
      learningRate: rates[type][i]!,
      loss,
      l2: null,
    })),
  );
  if (network !== 'lenet5') {
    const plain = cases.find(({ name }) => name === 'momentum-mse')!;
    cases.push({ ...plain, name: 'momentum-mse-l2', l2: { coefficient: L2, layers: ['fc1', 'fc2'] } });
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

/** Returns images of blocks of 4 x 4 pixels whose brightness belongs to the label, under noise. */
export function kerasImages(split: 'train' | 'test', shape: readonly number[]): Split {
  const [salt, count] = split === 'train' ? [10, TRAIN_IMAGES] : [20, TEST_IMAGES];
  const [height, width, channels] = shape as [number, number, number];
  const labels = Uint8Array.from(salted(salt, count), (value) => value % CLASSES);
  const [rows, columns] = [height / 4, width / 4];
  const blocks = salted(1, CLASSES * rows * columns * channels);
  const size = height * width * channels;
  const noise = salted(salt + 1, count * size);
  const images = Uint8Array.from(noise, (value, i) => {
    const pixel = Math.floor((i % size) / channels);
    const row = Math.floor(pixel / width / 4);
    const column = Math.floor((pixel % width) / 4);
    const label = labels[Math.floor(i / size)]!;
    const block = blocks[((label * rows + row) * columns + column) * channels + (i % channels)]!;
    return (3 * (block >>> 24) + (value >>> 24)) >>> 2;
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

/** Centre and half width of the initial values of everything but kernels: no tensor starts at zero, so that each has a scale. */
const LAWS: Partial<Record<Parameter['kind'], readonly [number, number]>> = {
  bias: [0.1, 0.05],
  gamma: [1, 0.2],
  beta: [0.1, 0.05],
  moving_mean: [0.1, 0.05],
  moving_variance: [1, 0.2],
};

function initialValue({ kind, shape, fanIn, fanOut }: Parameter, number: number): Float32Array {
  const size = shape.reduce((a, b) => a * b, 1);
  const [centre, spread] = LAWS[kind] ?? [0, Math.sqrt(6 / (fanIn + fanOut))];
  const uniform = salted(100 + number, size);
  return Float32Array.from(uniform, (value) => centre + (2 * (value / 4294967296) - 1) * spread);
}

/** Returns the places of a tensor whose values the fixture holds. */
export function sampleIndices(size: number): Uint32Array {
  if (size <= SAMPLES) return Uint32Array.from({ length: size }, (_, i) => i);
  return salted(size, SAMPLES).map((value) => value % size);
}
