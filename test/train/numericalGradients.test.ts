import { describe, expect, it } from 'vitest';
import { dropoutMask } from './dropoutMask.ts';
import { type ReferenceStep, referenceLoss } from './float64Reference.ts';
import {
  batchOf,
  generalWeights,
  openSession,
  relativeError,
  type SmallTraining,
  smallTraining,
  stateOf,
} from './smallTraining.ts';

const INDICES = Int32Array.of(3, 17, 8, 0, 21);
/** Plain descent by this rate changes the weights by so much that float32 keeps the gradient in the difference. */
const RATE = 4096;

const flatten = { type: 'flatten' };
const out = { type: 'dense', name: 'out', units: 5, activation: 'linear' };
const conv = (options: object = {}) => ({ type: 'conv', name: 'conv', filters: 3, kernel: 3, ...options });
const average = (options: object) => ({ type: 'averagePool', size: 2, ...options });
const pool = (options: object) => ({ type: 'maxPool', size: 2, ...options });

const networks = {
  'dense, relu and linear': [flatten, { type: 'dense', name: 'hidden', units: 7 }, out],
  'conv, same': [conv(), flatten, out],
  'conv of a conv, so that its input gradient counts': [
    conv({ kernel: 2 }),
    conv({ name: 'second', filters: 2 }),
    flatten,
    out,
  ],
  'conv, valid, stride 2, linear': [
    conv({ padding: 'valid', stride: 2, activation: 'linear' }),
    conv({ name: 'second', filters: 2, stride: 2, padding: 'valid' }),
    flatten,
    out,
  ],
  'conv, same with unequal padding': [
    conv({ kernel: 4, stride: 2 }),
    conv({ name: 'second', kernel: 2, stride: 3 }),
    flatten,
    out,
  ],
  'max pool, same, stride 3': [conv(), pool({ size: 3, padding: 'same' }), flatten, out],
  'max pool, valid, overlapping': [conv(), pool({ size: 3, stride: 2 }), flatten, out],
  'batch norm of a convolution': [conv(), { type: 'batchNorm', name: 'bn' }, flatten, out],
  'batch norm of a dense layer': [
    flatten,
    { type: 'dense', name: 'hidden', units: 7 },
    { type: 'batchNorm', name: 'bn' },
    out,
  ],
  'batch norm first, on the images': [{ type: 'batchNorm', name: 'bn' }, flatten, out],
  'pool first, before anything that is trained': [pool({}), flatten, out],
  'average pool, same, stride 3': [conv(), average({ size: 3, stride: 3, padding: 'same' }), flatten, out],
  'average pool, valid, overlapping': [conv(), average({ size: 3, stride: 2 }), flatten, out],
  'grouped conv of a conv, strided': [
    conv({ filters: 4 }),
    conv({ name: 'second', filters: 6, groups: 2, stride: 2 }),
    flatten,
    out,
  ],
  'depthwise conv on the images': [conv({ filters: 2, groups: 2, padding: 'valid' }), flatten, out],
  'layer norm of a convolution': [conv({ filters: 4 }), { type: 'layerNorm', name: 'ln' }, flatten, out],
  'layer norm of a dense layer, gelu': [
    flatten,
    { type: 'dense', name: 'hidden', units: 7, activation: 'gelu' },
    { type: 'layerNorm', name: 'ln' },
    out,
  ],
  'tanh, and activations by themselves': [
    conv({ activation: 'tanh' }),
    { type: 'activation', activation: 'gelu' },
    flatten,
    { type: 'dense', name: 'hidden', units: 7, activation: 'linear' },
    { type: 'activation', activation: 'relu' },
    out,
  ],
  'residual block, identity': [
    conv({ activation: 'linear' }),
    { type: 'activation', name: 'start', activation: 'relu' },
    conv({ name: 'second' }),
    conv({ name: 'third', activation: 'linear' }),
    { type: 'add', with: 'start' },
    { type: 'activation', activation: 'relu' },
    flatten,
    out,
  ],
  'residual block, projected by a strided convolution': [
    conv({}),
    conv({ name: 'second', stride: 2, filters: 4, activation: 'tanh' }),
    { type: 'batchNorm', name: 'bn' },
    conv({ name: 'shortcut', input: 'conv', kernel: 1, stride: 2, filters: 4, activation: 'linear' }),
    { type: 'add', with: 'bn' },
    flatten,
    out,
  ],
  'images added to what is made of them': [
    { type: 'activation', name: 'images', activation: 'linear' },
    conv({ filters: 2 }),
    { type: 'add', with: 'images' },
    flatten,
    out,
  ],
};

/** The compiled gradient of every trained parameter: what plain descent takes off. */
function compiledGradients(training: SmallTraining): { loss: number; gradients: Map<string, Float64Array> } {
  const weights = generalWeights(training.network);
  const session = openSession(training, weights, [{ batch: INDICES.length, steps: 1 }]);
  try {
    const { loss } = session.train(INDICES.length, 1, INDICES, RATE, 0);
    const after = stateOf(session);
    const gradients = new Map<string, Float64Array>();
    for (const { name, layer, trainable } of training.network.parameters) {
      if (!trainable) continue;
      if (training.config.train != null && !training.config.train.layers.includes(layer)) {
        expect(after.get(name), `${name}, which is not trained`).toEqual(weights.get(name));
        continue;
      }
      const value = after.get(name)!;
      gradients.set(
        name,
        Float64Array.from(weights.get(name)!, (before, i) => (before - value[i]!) / RATE),
      );
    }
    return { loss: loss / INDICES.length, gradients };
  } finally {
    session.close();
  }
}

/** All places of a small tensor, evenly spread ones of a large one. */
function sampledPlaces(size: number): number[] {
  const count = Math.min(size, 24);
  return Array.from({ length: count }, (_, i) => Math.floor((i * size) / count));
}

function checkGradients(training: SmallTraining): void {
  const { network, config } = training;
  const masks = new Map(
    (config.dropout?.layers ?? []).map((layer) => {
      const index = network.layers.findIndex((one) => 'name' in one && one.name === layer);
      const shape = [INDICES.length, ...network.shapes[index]!.output];
      return [layer, dropoutMask(config.seed, layer, config.dropout!.rate, 0, shape)];
    }),
  );
  const step: ReferenceStep = {
    network,
    loss: config.loss,
    l2: config.l2,
    ...batchOf(training, INDICES),
    masks,
    labelSmoothing: config.labelSmoothing ?? 0,
    frozen: network.layers.flatMap(({ name }) =>
      name !== undefined && config.train != null && !config.train.layers.includes(name) ? [name] : [],
    ),
  };
  const parameters = new Map(
    [...generalWeights(network)].map(([name, value]) => [name, Float64Array.from(value)]),
  );
  const { loss, gradients } = compiledGradients(training);
  expect(Math.abs(loss / referenceLoss(step, parameters) - 1)).toBeLessThan(1e-6);

  const h = 1e-5;
  for (const [name, gradient] of gradients) {
    const value = parameters.get(name)!;
    const places = sampledPlaces(value.length);
    const numerical = places.map((i) => {
      const w = value[i]!;
      const at = (x: number): number => {
        value[i] = x;
        return referenceLoss(step, parameters);
      };
      const slope = (at(w + h) - at(w - h)) / (2 * h);
      value[i] = w;
      return slope;
    });
    const compiled = places.map((i) => gradient[i]!);
    expect(relativeError(compiled, numerical, 1e-3), `gradient of ${name}`).toBeLessThan(2e-5);
  }
}

describe('the gradients of a compiled step equal central differences of the loss in float64', () => {
  for (const [name, layers] of Object.entries(networks)) {
    it.each(['mse', 'crossEntropy'] as const)(`${name}: %s`, (loss) => {
      checkGradients(smallTraining(layers, { loss }));
    });
  }

  it('with an L2 penalty on a convolution and a dense layer', () => {
    const layers = [conv(), flatten, { type: 'dense', name: 'hidden', units: 4 }, out];
    checkGradients(smallTraining(layers, { l2: { coefficient: 0.05, layers: ['conv', 'hidden'] } }));
  });

  it('with dropout after a convolution, a batch norm and a dense layer, the masks being those of the definition', () => {
    const layers = [
      conv(),
      { type: 'batchNorm', name: 'bn' },
      flatten,
      { type: 'dense', name: 'hidden', units: 9 },
      out,
    ];
    checkGradients(smallTraining(layers, { dropout: { rate: 0.4, layers: ['conv', 'bn', 'hidden'] } }));
  });

  it.each(['mse', 'crossEntropy'] as const)('with label smoothing: %s', (loss) => {
    checkGradients(smallTraining([conv(), flatten, out], { loss, labelSmoothing: 0.2 }));
  });

  const deep = [
    conv({ filters: 4 }),
    { type: 'batchNorm', name: 'bn' },
    conv({ name: 'second', filters: 4 }),
    { type: 'layerNorm', name: 'ln' },
    flatten,
    { type: 'dense', name: 'hidden', units: 4 },
    out,
  ];
  it.each([[['conv']], [['bn', 'out']], [['hidden']], [['ln', 'second']]])(
    'with %s trained alone, everything else staying as it is',
    (layers) => {
      checkGradients(smallTraining(deep, { train: { layers } }));
    },
  );

  it('with images scaled to 0..1 only', () => {
    checkGradients(smallTraining([conv(), flatten, out], { preprocessing: 'unitScale' }));
  });
});
