import { z } from 'zod';

/** Networks declared in src/experiment/networks; a config may also bring its own list of layers. */
export const NETWORK_NAMES = ['lenet5', 'miniAlexNet', 'miniAlexNetBatchNorm', 'mlp3'] as const;

export const positiveInt = z.int().positive();
export const layerName = z.string().min(1);
const activation = z.enum(['relu', 'gelu', 'tanh', 'linear']);
const placed = {
  name: layerName.optional().describe('so that other layers can take its output'),
  input: layerName.optional().describe('layer whose output it takes; the one before it when left out'),
};
/** Of the last layer it must be linear, which it is by itself: it gives the logits. */
const hiddenActivation = activation
  .optional()
  .describe('relu when left out, linear in the last layer with weights; gelu: by the error function');
const poolKeys = {
  ...placed,
  size: positiveInt.describe('side of the square window'),
  stride: positiveInt.optional().describe('the pool size when left out, as in Keras'),
  padding: z.enum(['same', 'valid']).default('valid').describe('as in TensorFlow'),
};
const weighted = { ...placed, name: layerName };

export const layerSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('conv'),
    ...weighted,
    filters: positiveInt.describe('number of output channels'),
    kernel: positiveInt.describe('side of the square kernel'),
    stride: positiveInt.default(1).describe('pixels between two positions of the kernel'),
    padding: z.enum(['same', 'valid']).default('same').describe('as in TensorFlow'),
    groups: positiveInt.default(1).describe('parts of the channels that are convolved by themselves'),
    activation: hiddenActivation,
  }),
  z.strictObject({ type: z.literal('maxPool'), ...poolKeys }),
  z.strictObject({ type: z.literal('averagePool'), ...poolKeys }),
  z.strictObject({ type: z.literal('batchNorm'), ...weighted }),
  z.strictObject({ type: z.literal('layerNorm'), ...weighted }),
  z.strictObject({
    type: z.literal('activation'),
    ...placed,
    activation: activation.describe('gelu: by the error function'),
  }),
  z.strictObject({
    type: z.literal('add'),
    ...placed,
    with: layerName.describe('layer whose output is added, of the same shape'),
  }),
  z.strictObject({ type: z.literal('flatten'), ...placed }),
  z.strictObject({
    type: z.literal('dense'),
    ...weighted,
    units: positiveInt.describe('number of outputs'),
    activation: hiddenActivation,
  }),
]);

export const customNetworkSchema = z.strictObject({
  layers: z
    .array(layerSchema)
    .min(1)
    .describe('from input to logits; the last layer has one unit a class and a linear activation'),
  initializer: z
    .enum(['glorotUniform', 'glorotNormal', 'glorotNormalTruncated', 'heUniform', 'heNormal', 'orthogonal'])
    .default('glorotUniform')
    .describe(
      'law of the initial weights. The normal ones are not cut, but glorotNormalTruncated: at 2 sd, the variance not corrected. orthogonal: Haar',
    ),
  scale: z.number().positive().default(1).describe('the initial weights are multiplied by this'),
  bias: z.number().default(0).describe('initial value of every bias'),
  analyzedLayers: z
    .array(layerName)
    .optional()
    .describe('layers that are snapshotted; every dense and conv layer but the last when left out'),
});

export type CustomNetworkConfig = z.infer<typeof customNetworkSchema>;
