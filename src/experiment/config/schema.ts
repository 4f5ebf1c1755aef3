import { z } from 'zod';
import { DATASET_NAMES } from '../data/datasets.ts';

/** Networks declared in src/experiment/networks; a config may also bring its own list of layers. */
export const NETWORK_NAMES = ['lenet5', 'miniAlexNet', 'miniAlexNetBatchNorm', 'mlp3'] as const;
export const FIT_MODES = ['paper', 'ww', 'hill'] as const;

const positiveInt = z.int().positive();
const share = z.number().min(0).max(1);
const layerName = z.string().min(1);
const seedNumber = z.int().min(0).max(0xffffffff);

export const layerSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('conv'),
    name: layerName,
    filters: positiveInt.describe('number of output channels'),
    kernel: positiveInt.describe('side of the square kernel'),
    stride: positiveInt.default(1).describe('pixels between two positions of the kernel'),
    padding: z.enum(['same', 'valid']).default('same').describe('as in TensorFlow'),
    activation: z.enum(['relu', 'linear']).default('relu'),
  }),
  z.strictObject({
    type: z.literal('maxPool'),
    size: positiveInt.describe('side of the square window'),
    stride: positiveInt.optional().describe('the pool size when left out, as in Keras'),
    padding: z.enum(['same', 'valid']).default('valid').describe('as in TensorFlow'),
  }),
  z.strictObject({ type: z.literal('batchNorm'), name: layerName }),
  z.strictObject({ type: z.literal('flatten') }),
  z.strictObject({
    type: z.literal('dense'),
    name: layerName,
    units: positiveInt.describe('number of outputs'),
    activation: z.enum(['relu', 'linear']).default('relu'),
  }),
]);

export const customNetworkSchema = z.strictObject({
  layers: z
    .array(layerSchema)
    .min(1)
    .describe('from input to logits; the last layer has one unit a class and a linear activation'),
  initializer: z
    .enum(['glorotNormalTruncated', 'glorotUniform'])
    .default('glorotUniform')
    .describe('law of the initial weights; glorotNormalTruncated: cut at 2 sd, the variance not corrected'),
  bias: z.number().default(0).describe('initial value of every bias'),
  analyzedLayers: z
    .array(layerName)
    .optional()
    .describe('layers that are snapshotted; every dense layer but the last when left out'),
});

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
});

/** One run, complete: what a training process is given. */
export const runConfigSchema = z.strictObject({
  network: z
    .union([z.enum(NETWORK_NAMES), customNetworkSchema])
    .describe('a network by name, or a list of layers'),
  dataset: z.enum(DATASET_NAMES).describe('images to train and test on'),
  trainImages: positiveInt
    .nullable()
    .default(null)
    .describe('train on the first so many images only; null: all'),
  testImages: positiveInt
    .nullable()
    .default(null)
    .describe('test on the first so many images only; null: all'),
  randomLabels: share.default(0).describe('share of the training labels replaced by uniformly drawn ones'),
  loss: z
    .enum(['mse', 'crossEntropy'])
    .default('crossEntropy')
    .describe('mse: mean over the outputs of the softmax'),
  optimizer: optimizerSchema.prefault({}).describe('update rule and its constants'),
  learningRate: z.number().positive().default(0.01).describe('in the first epoch'),
  learningRateDecay: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .describe('the learning rate is multiplied by this after every epoch'),
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
    })
    .prefault({})
    .describe('which weights are stored, how, and for how long'),
});

export const analysisSchema = z.strictObject({
  fit: z.enum(FIT_MODES).default('paper').describe('power-law fit mode'),
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

export type CustomNetworkConfig = z.infer<typeof customNetworkSchema>;
export type OptimizerConfig = z.infer<typeof optimizerSchema>;
export type RunConfig = z.infer<typeof runConfigSchema>;
export type AnalysisConfig = z.infer<typeof analysisSchema>;
