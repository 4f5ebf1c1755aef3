import { z } from 'zod';
import { FINGER_MODES } from '../../spectra/laws/fingers.ts';
import { POWER_LAW_MODES } from '../../spectra/laws/powerLaw.ts';
import { DATASET_NAMES, DATASET_PATH } from '../data/datasets.ts';
import { customNetworkSchema, layerName, NETWORK_NAMES, positiveInt } from './networkSchema.ts';

const share = z.number().min(0).max(1);
const seedNumber = z.int().min(0).max(0xffffffff);

export const optimizerSchema = z.strictObject({
  type: z
    .enum(['sgd', 'momentum', 'nesterov', 'adadelta', 'adam'])
    .default('momentum')
    .describe('update rule, as in Keras'),
  momentum: z.number().min(0).lt(1).default(0.9).describe('momentum and nesterov only'),
  rho: z.number().min(0).lt(1).default(0.95).describe('adadelta only'),
  beta1: z.number().min(0).lt(1).default(0.9).describe('adam only'),
  beta2: z.number().min(0).lt(1).default(0.999).describe('adam only'),
  epsilon: z.number().positive().default(1e-7).describe('adadelta and adam only'),
  weightDecay: z
    .number()
    .min(0)
    .default(0)
    .describe(
      'decoupled, as in AdamW: before each update everything that is trained shrinks by learning rate * weightDecay of itself',
    ),
});

/** One run, complete: what a training process is given. */
export const runConfigSchema = z.strictObject({
  network: z
    .union([z.enum(NETWORK_NAMES), customNetworkSchema])
    .describe('a network by name, or a list of layers'),
  dataset: z
    .union([z.enum(DATASET_NAMES), z.string().regex(DATASET_PATH)])
    .describe('images to train and test on: by name, or the path of files of your own (docs/guide/data.md)'),
  trainImages: positiveInt
    .nullable()
    .default(null)
    .describe('train on the first so many images only; null: all'),
  testImages: positiveInt
    .nullable()
    .default(null)
    .describe('test on the first so many images only; null: all'),
  validation: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      'share of the training images that is held out, drawn by seed, and evaluated after every epoch',
    ),
  augment: z
    .strictObject({
      flip: z.boolean().default(false).describe('every other image, drawn anew in each step, is mirrored'),
      shift: z
        .int()
        .min(0)
        .default(0)
        .describe('pixels by which an image is shifted at most, down, up and sideways; zeros come in'),
    })
    .nullable()
    .default(null)
    .describe('changes images at random while training; null: none'),
  randomLabels: share.default(0).describe('share of the training labels replaced by uniformly drawn ones'),
  loss: z
    .enum(['mse', 'crossEntropy'])
    .default('crossEntropy')
    .describe('mse: mean over the outputs of the softmax'),
  labelSmoothing: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('share of the target that goes to all classes alike, in training and evaluation, as in Keras'),
  optimizer: optimizerSchema.prefault({}).describe('update rule and its constants'),
  learningRate: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe(
      'before decay and schedule; null: 0.01 for sgd, momentum, nesterov, 0.001 for adam, 1 for adadelta',
    ),
  learningRateDecay: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .describe('the learning rate is multiplied by this after every epoch'),
  schedule: z
    .strictObject({
      type: z
        .enum(['constant', 'step', 'cosine'])
        .default('constant')
        .describe('step: by factor after given epochs; cosine: along half a cosine to final'),
      at: z.array(positiveInt).min(1).nullable().default(null).describe('step: after these epochs'),
      every: positiveInt.nullable().default(null).describe('step: after each so many epochs'),
      factor: z.number().positive().max(1).default(0.1).describe('step: what the rate is multiplied by'),
      epochs: positiveInt
        .nullable()
        .default(null)
        .describe('cosine: epochs from start to end, warm-up counted in; null: epochs of the run'),
      final: share.default(0).describe('cosine: what is left of the rate at the end'),
      warmUp: z
        .int()
        .min(0)
        .default(0)
        .describe('epochs over which the rate rises in even steps, the last of them at the full rate'),
    })
    .nullable()
    .default(null)
    .describe('how the learning rate changes from epoch to epoch; null: by learningRateDecay alone'),
  clipNorm: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('longest gradient, all weights together: a longer one is scaled down to it; null: any'),
  batchSize: positiveInt
    .default(32)
    .describe('images a step; the last, smaller batch of an epoch is trained on too'),
  epochs: z.int().min(0).default(10).describe('passes over the training images'),
  l2: z
    .strictObject({
      coefficient: z
        .number()
        .min(0)
        .describe('Keras l2: coefficient * sum of squared weights is added to the loss'),
      layers: z.array(layerName).min(1).describe('layers whose weights are penalized'),
    })
    .nullable()
    .default(null)
    .describe('weight penalty; null: none'),
  dropout: z
    .strictObject({
      rate: z.number().min(0).lt(1).describe('share of the activations set to zero'),
      layers: z.array(layerName).min(1).describe('dropout follows these layers'),
    })
    .nullable()
    .default(null)
    .describe('zeroes activations at random while training; null: none'),
  train: z
    .strictObject({
      layers: z.array(layerName).min(1).describe('layers that are trained; the others stay as they begin'),
    })
    .nullable()
    .default(null)
    .describe('null: every layer is trained'),
  earlyStopping: z
    .strictObject({
      patience: positiveInt.default(5).describe('epochs without improvement after which the run stops'),
      minDelta: z.number().min(0).default(0).describe('a smaller fall of the loss does not count'),
    })
    .nullable()
    .default(null)
    .describe('stops a run whose training loss no longer falls; null: never'),
  seed: seedNumber.default(0).describe('every random number of the run follows from it'),
  initSeed: seedNumber
    .nullable()
    .default(null)
    .describe('seed of the initial weights; null: seed. Set it to give every run the same ones'),
  precision: z
    .enum(['float32', 'bfloat16', 'tf32'])
    .default('float32')
    .describe(
      'of products of matrices and convolutions. bfloat16: inputs of 8 significant bits; tf32: of 11, on GPUs that have it',
    ),
  convolution: z
    .enum(['auto', 'winograd', 'plain'])
    .default('auto')
    .describe(
      'winograd: by transformed tiles where that is faster, rounded a little more; plain: as defined; auto: winograd on a CPU, plain on a GPU',
    ),
  compile: z
    .enum(['graph', 'xla'])
    .default('graph')
    .describe('xla: the training step goes through the XLA compiler, which rounds in another order'),
  snapshots: z
    .strictObject({
      every: positiveInt
        .default(1)
        .describe('epochs between snapshots; epoch 0 and the last are always kept'),
      layers: z
        .array(layerName)
        .min(1)
        .nullable()
        .default(null)
        .describe("null: the network's analyzed layers"),
      dtype: z
        .enum(['float32', 'float16'])
        .default('float32')
        .describe('float16 halves the disk need and rounds the weights'),
      keep: z
        .enum(['all', 'last', 'none'])
        .default('all')
        .describe('which snapshots stay after their spectra are written'),
      network: z
        .boolean()
        .default(false)
        .describe(
          'keep all parameters beside each snapshot, and measure the error of the network with its analyzed layers cut to their tails',
        ),
    })
    .prefault({})
    .describe('which weights are stored, how, and for how long'),
});

export const analysisSchema = z.strictObject({
  fit: z.enum(POWER_LAW_MODES).default('paper').describe('power-law fit mode'),
  fixFingers: z
    .enum(FINGER_MODES)
    .nullable()
    .default(null)
    .describe(
      'single eigenvalues far out: cut them off (clip_xmax), or begin the tail at the peak; null: nothing',
    ),
  bootstrap: z.int().min(0).default(0).describe('bootstrap resamples for the interval of alpha; 0: none'),
  randomize: z
    .int()
    .min(0)
    .default(0)
    .describe('randomized copies of each matrix for null calibration; 0: none'),
  tails: z
    .boolean()
    .default(false)
    .describe('compare the power law with other laws of the tail (likelihood ratios)'),
  vectors: z.boolean().default(false).describe('localization of the eigenvectors'),
  farms: z
    .strictObject({
      aspect: z.number().min(1).default(1).describe('long side of a submatrix by its short side'),
      columns: positiveInt.describe('short side of a submatrix'),
    })
    .nullable()
    .default(null)
    .describe('alpha of submatrices of one fixed shape, comparable between layers; null: none'),
  seed: seedNumber.default(0).describe('of the bootstrap and of the randomized copies'),
});

export type AnalysisConfig = z.infer<typeof analysisSchema>;
export type OptimizerConfig = z.infer<typeof optimizerSchema>;
/** A run's config as it is written, defaults filled in. */
export type WrittenRunConfig = z.infer<typeof runConfigSchema>;
/** A run's config with all that follows from other keys. */
export type RunConfig = WrittenRunConfig & { learningRate: number };

/** Keras's defaults; of adadelta the rate that its inventor has, for Keras's own, 0.001, trains nothing. */
const LEARNING_RATES: Readonly<Record<OptimizerConfig['type'], number>> = {
  sgd: 0.01,
  momentum: 0.01,
  nesterov: 0.01,
  adadelta: 1,
  adam: 0.001,
};

/** Returns a config with what it leaves to other keys: the learning rate follows the optimizer. */
export function completeRunConfig(config: WrittenRunConfig): RunConfig {
  return { ...config, learningRate: config.learningRate ?? LEARNING_RATES[config.optimizer.type] };
}
/** Returns a run's config from its keys, defaults filled in; throws a ZodError for what is none. */
export function parseRunConfig(keys: unknown): RunConfig {
  return completeRunConfig(runConfigSchema.parse(keys));
}
