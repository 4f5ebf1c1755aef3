import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/base/userError.ts';
import {
  type CustomNetworkConfig,
  customNetworkSchema,
} from '../../../src/experiment/config/networkSchema.ts';
import { countParameters } from '../../../src/experiment/networks/network.ts';
import { resolveNetwork } from '../../../src/experiment/networks/resolveNetwork.ts';

const MNIST = [28, 28, 1];
const CIFAR10 = [28, 28, 3];

describe('the networks of the paper', () => {
  it.each([
    { name: 'miniAlexNet', input: CIFAR10, weights: 2_272_458, trained: 2_272_458 - 704 },
    // 4 (384 + 192) values more, half of them moving statistics
    { name: 'miniAlexNetBatchNorm', input: CIFAR10, weights: 2_274_762, trained: 2_274_762 - 704 - 1152 },
    { name: 'mlp3', input: CIFAR10, weights: 1_735_178, trained: 1_735_178 },
    { name: 'lenet5', input: MNIST, weights: 1_256_080, trained: 1_256_080 },
  ] as const)('$name has $weights weights', ({ name, input, weights, trained }) => {
    const network = resolveNetwork(name, input, 10);
    expect(countParameters(network)).toBe(weights);
    const parameters = network.parameters.filter((parameter) => parameter.trainable);
    expect(countParameters({ ...network, parameters })).toBe(trained);
  });

  it('MiniAlexNet has the shapes of the notebook: pools of stride 3, FC1 4096 x 384, FC2 384 x 192', () => {
    const { shapes, parameters, analyzedLayers } = resolveNetwork('miniAlexNet', CIFAR10, 10);
    expect(shapes.map(({ output }) => output)).toEqual([
      [28, 28, 96],
      [10, 10, 96],
      [10, 10, 96],
      [10, 10, 256],
      [4, 4, 256],
      [4, 4, 256],
      [4096],
      [384],
      [192],
      [10],
    ]);
    expect(shapes.slice(1).map(({ input }) => input)).toEqual(
      shapes.slice(0, -1).map(({ output }) => output),
    );
    const kernel = (layer: string) => parameters.find(({ name }) => name === `${layer}/kernel`)!;
    expect(analyzedLayers.map((layer) => kernel(layer).shape)).toEqual([
      [4096, 384],
      [384, 192],
    ]);
    expect(kernel('conv2')).toMatchObject({ shape: [5, 5, 96, 256], fanIn: 2400, fanOut: 6400 });
  });

  it('MLP3 analyzes the two 512 x 512 matrices, LeNet5 the 2450 x 500 one', () => {
    const analyzed = (name: 'mlp3' | 'lenet5', input: readonly number[]) => {
      const network = resolveNetwork(name, input, 10);
      return network.analyzedLayers.map(
        (layer) => network.parameters.find((parameter) => parameter.name === `${layer}/kernel`)!.shape,
      );
    };
    expect(analyzed('mlp3', CIFAR10)).toEqual([
      [512, 512],
      [512, 512],
    ]);
    expect(analyzed('lenet5', MNIST)).toEqual([[2450, 500]]);
  });
});

describe('a network of the config', () => {
  const custom = (layers: unknown[], rest: object = {}): CustomNetworkConfig =>
    customNetworkSchema.parse({ layers, ...rest });
  const dense = (name: string, units: number) => ({ type: 'dense', name, units });

  it('pools with the stride of the window and analyzes every layer with weights but the last, when left out', () => {
    const network = resolveNetwork(
      custom([
        { type: 'conv', name: 'c', filters: 4, kernel: 3, stride: 2, padding: 'valid' },
        { type: 'maxPool', size: 2 },
        { type: 'flatten' },
        dense('a', 7),
        dense('b', 6),
        dense('out', 10),
      ]),
      [9, 12, 2],
      10,
    );
    // TensorFlow's valid padding: ceil((size - window + 1) / stride)
    expect(network.shapes.map(({ output }) => output)).toEqual([[4, 5, 4], [2, 2, 4], [16], [7], [6], [10]]);
    expect(network.analyzedLayers).toEqual(['c', 'a', 'b']);
  });

  it('takes the windows of usual blocks on images of one pixel too', () => {
    const layers = [
      { type: 'conv', name: 'c', filters: 2, kernel: 3, stride: 2 },
      { type: 'maxPool', size: 3, stride: 3, padding: 'same' },
      { type: 'flatten' },
      dense('out', 10),
    ];
    expect(resolveNetwork(custom(layers), [1, 1, 1], 10).shapes[1]!.output).toEqual([1, 1, 2]);
  });

  it.each([
    {
      layers: [{ type: 'flatten' }, dense('a', 5), dense('a', 10)],
      message: 'layer names must be unique, got a twice',
    },
    {
      layers: [dense('a', 10)],
      message: 'input of layer a must be flat (put a flatten layer before it), got (4, 4, 1)',
    },
    {
      layers: [{ type: 'flatten' }, { type: 'maxPool', size: 2 }],
      message: 'input of layer 2 (maxPool) must be height x width x channels, got (16)',
    },
    {
      layers: [{ type: 'conv', name: 'c', filters: 2, kernel: 5, padding: 'valid' }],
      message: 'input of layer c must be at least 5 x 5, got (4, 4, 1)',
    },
    {
      layers: [{ type: 'conv', name: 'c', filters: 2, kernel: 9 }],
      message: 'kernel of layer c must be at most 7 on images of 4 x 4, got 9',
    },
    {
      layers: [{ type: 'conv', name: 'c', filters: 2, kernel: 3, stride: 1e10 }],
      message: 'stride of layer c must be at most 7 on images of 4 x 4, got 10000000000',
    },
    {
      layers: [{ type: 'maxPool', size: 1000, padding: 'same' }],
      message: 'size of layer 1 (maxPool) must be at most 7 on images of 4 x 4, got 1000',
    },
    {
      layers: [{ type: 'flatten' }, dense('a', 9)],
      message: 'the last layer must give 10 outputs, one a class, got shape (9)',
    },
    {
      layers: [{ type: 'flatten' }, dense('a', 8), dense('out', 10)],
      rest: { analyzedLayers: ['fc1'] },
      message: 'unknown analyzed layer: fc1 (known: a, out)',
    },
  ])('is refused: $message', ({ layers, rest, message }) => {
    const resolve = () => resolveNetwork(custom(layers, rest), [4, 4, 1], 10);
    expect(resolve).toThrow(UserError);
    expect(resolve).toThrow(message);
  });
});
