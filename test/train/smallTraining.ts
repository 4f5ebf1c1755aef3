import { randomStream } from '../../src/base/random/stream.ts';
import { customNetworkSchema } from '../../src/experiment/config/networkSchema.ts';
import type { RunConfig } from '../../src/experiment/config/schema.ts';
import { optimizerSchema } from '../../src/experiment/config/schema.ts';
import type { Split } from '../../src/experiment/data/dataset.ts';
import type { Preprocessing } from '../../src/experiment/data/datasets.ts';
import type { Network } from '../../src/experiment/networks/network.ts';
import { resolveNetwork } from '../../src/experiment/networks/resolveNetwork.ts';
import { loadEngine } from '../../src/train/engine/loadEngine.ts';
import { initialWeights } from '../../src/train/initialWeights.ts';
import { TrainingSession } from '../../src/train/step/trainingSession.ts';

export type StepConfig = Pick<
  RunConfig,
  'loss' | 'optimizer' | 'l2' | 'dropout' | 'precision' | 'convolution' | 'compile' | 'seed'
> &
  Partial<Pick<RunConfig, 'train' | 'augment' | 'labelSmoothing' | 'clipNorm'>>;

export interface SmallTraining {
  network: Network;
  config: StepConfig;
  preprocessing: Preprocessing;
  train: Split;
  test: Split;
}

export const IMAGE_SHAPE = [7, 8, 2];
export const CLASSES = 5;

/** One layer of each type. */
export const EVERY_LAYER = [
  { type: 'conv', name: 'c', filters: 3, kernel: 3 },
  { type: 'maxPool', size: 2 },
  { type: 'batchNorm', name: 'bn' },
  { type: 'flatten' },
  { type: 'dense', name: 'a', units: 7 },
  { type: 'dense', name: 'out', units: CLASSES, activation: 'linear' },
];

/** Returns a training of images of noise on a network of a few hundred weights; `changes` overrides the settings of its step. */
export function smallTraining(
  layers: readonly object[],
  changes: Partial<Omit<StepConfig, 'optimizer'>> & {
    optimizer?: Partial<RunConfig['optimizer']>;
    preprocessing?: Preprocessing;
    imageShape?: readonly number[];
  } = {},
): SmallTraining {
  const { optimizer, preprocessing, imageShape = IMAGE_SHAPE, ...config } = changes;
  return {
    network: resolveNetwork(
      customNetworkSchema.parse({ layers, initializer: 'glorotNormalTruncated', bias: 0.1 }),
      imageShape,
      CLASSES,
    ),
    config: {
      loss: 'crossEntropy',
      optimizer: optimizerSchema.parse(optimizer ?? { type: 'sgd' }),
      l2: null,
      dropout: null,
      precision: 'float32',
      convolution: 'winograd',
      compile: 'graph',
      seed: 5,
      ...config,
    },
    preprocessing: preprocessing ?? 'perImageStandardization',
    train: noise('train', 24, imageShape),
    test: noise('test', 13, imageShape),
  };
}

export function noise(purpose: string, count: number, shape: readonly number[] = IMAGE_SHAPE): Split {
  const stream = randomStream(1, purpose);
  const size = shape.reduce((a, b) => a * b, 1);
  return {
    images: Uint8Array.from({ length: count * size }, () => stream.below(256)),
    labels: Uint8Array.from({ length: count }, () => stream.below(CLASSES)),
    count,
  };
}

/** Returns initial parameters in which nothing is zero or one, so that no gradient hides. */
export function generalWeights(network: Network): Map<string, Float32Array> {
  const weights = initialWeights(network, 5);
  for (const { name, kind } of network.parameters) {
    if (kind === 'kernel') continue;
    const stream = randomStream(2, name);
    const centre = kind === 'gamma' || kind === 'moving_variance' ? 1 : 0.1;
    weights.set(
      name,
      weights.get(name)!.map(() => centre + 0.3 * (stream.uniform() - 0.5)),
    );
  }
  return weights;
}

/** Returns a compiled session, its parameters set to `weights` and its optimizer slots to zero. */
export function openSession(
  training: SmallTraining,
  weights: ReadonlyMap<string, Float32Array>,
  calls: readonly { batch: number; steps: number }[],
): TrainingSession {
  const session = new TrainingSession(loadEngine().binding, { ...training, classes: CLASSES, calls });
  session.setState(
    new Map(
      session.state.map(({ name, shape }) => [
        name,
        weights.get(name) ?? new Float32Array(shape.reduce((a, b) => a * b, 1)),
      ]),
    ),
  );
  return session;
}

/** Returns the values of every variable, optimizer slots included. */
export function stateOf(session: TrainingSession): Map<string, Float32Array> {
  return session.getState(session.state.map(({ name }) => name));
}

/** Returns the preprocessed images of a batch, in float64, and their labels. */
export function batchOf(
  { train, preprocessing }: SmallTraining,
  indices: Int32Array,
): { images: Float64Array[]; labels: number[] } {
  const size = train.images.length / train.count;
  const images = [...indices].map((index) => {
    const unit = Float64Array.from(
      train.images.subarray(index * size, (index + 1) * size),
      (byte) => byte / 255,
    );
    if (preprocessing === 'unitScale') return unit;
    const mean = unit.reduce((sum, x) => sum + x, 0) / size;
    const sd = Math.sqrt(unit.reduce((sum, x) => sum + (x - mean) ** 2, 0) / size);
    return unit.map((x) => (x - mean) / Math.max(sd, 1 / Math.sqrt(size)));
  });
  return { images, labels: [...indices].map((index) => train.labels[index]!) };
}

/** Returns |a - b| / |b| in the Euclidean norm; `floor` bounds the denominator from below. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>, floor = 0): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference) / Math.max(Math.sqrt(norm), floor);
}
