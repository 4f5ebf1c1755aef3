import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Layer } from '../../../src/experiment/networks/network.ts';
import { loadEngine } from '../../../src/train/engine/loadEngine.ts';
import { GraphBuilder } from '../../../src/train/graph/graphBuilder.ts';
import { GraphSession, type SessionBinding } from '../../../src/train/graph/graphSession.ts';
import { float32, type StepBuilder } from '../../../src/train/step/stepBuilder.ts';
import { addWinograd, usesWinograd } from '../../../src/train/step/winograd.ts';
import { winogradMatrices } from '../../../src/train/step/winogradMatrices.ts';

const numbers = (length: number) =>
  fc.array(fc.integer({ min: -9, max: 9 }), { minLength: length, maxLength: length });

describe('winogradMatrices', () => {
  const cases = ([6, 9] as const).flatMap((tile) => [2, 3, 5, 6].map((kernel) => ({ tile, kernel })));

  it.each(cases)(
    'correlate a tile of $tile with a kernel of $kernel as the definition does',
    ({ tile, kernel }) => {
      const { G, Bt, At } = winogradMatrices(kernel, tile);
      const times = (matrix: number[][], vector: number[]) =>
        matrix.map((row) => row.reduce((sum, value, i) => sum + value * vector[i]!, 0));
      fc.assert(
        fc.property(numbers(kernel), numbers(tile), (g, d) => {
          const right = times(Bt, d);
          const found = times(
            At,
            times(G, g).map((value, i) => value * right[i]!),
          );
          expect(found).toHaveLength(tile - kernel + 1);
          for (const [at, value] of found.entries()) {
            const expected = g.reduce((sum, weight, i) => sum + weight * d[at + i]!, 0);
            expect(value).toBeCloseTo(expected, 9);
          }
        }),
      );
    },
  );
});

describe('addWinograd', () => {
  let binding: SessionBinding;
  beforeAll(() => {
    binding = loadEngine().binding;
  });

  const cases = [
    { batch: 2, side: 5, padding: 'same', height: 10, width: 10, channels: 96, filters: 256, within: 2e-5 },
    { batch: 35, side: 5, padding: 'valid', height: 9, width: 14, channels: 64, filters: 70, within: 2e-5 },
    { batch: 50, side: 5, padding: 'same', height: 4, width: 6, channels: 64, filters: 70, within: 3e-6 },
    { batch: 33, side: 5, padding: 'valid', height: 8, width: 6, channels: 65, filters: 64, within: 3e-6 },
    { batch: 5, side: 3, padding: 'same', height: 8, width: 4, channels: 64, filters: 65, within: 3e-6 },
    { batch: 17, side: 3, padding: 'valid', height: 6, width: 10, channels: 64, filters: 64, within: 3e-6 },
  ] as const;

  it.each(cases)('gives the values and gradients of Conv2D: %o', (shape) => {
    const { batch, side, padding, height, width, channels, filters, within } = shape;
    const layer = convolution(side, filters, padding);
    const shrink = padding === 'same' ? 0 : side - 1;
    const shapes = {
      x: [batch, height, width, channels],
      kernel: [side, side, channels, filters],
      gradient: [batch, height - shrink, width - shrink, filters],
    };
    const graph = new GraphBuilder();
    const [x, kernel, gradient] = Object.entries(shapes).map(([name, of]) =>
      graph.placeholder(name, 'float32', of),
    ) as [string, string, string];
    const step = stepBuilder(graph, batch);
    expect(usesWinograd(step, layer, [height, width, channels])).toBe(true);
    const found = addWinograd(step, layer, x, kernel, [height, width, channels]);
    const back = found.backward(gradient, true);
    const attributes = {
      ...float32,
      strides: { ints: [1, 1, 1, 1] },
      padding: { string: padding.toUpperCase() },
      data_format: { string: 'NHWC' },
    };
    const sizes = (of: readonly number[]) => graph.constant(of, [4], 'int32');
    const fetches = [
      found.value,
      back.kernel,
      back.input!,
      graph.op('Conv2D', [x, kernel], attributes),
      graph.op('Conv2DBackpropFilter', [x, sizes(shapes.kernel), gradient], attributes),
      graph.op('Conv2DBackpropInput', [sizes(shapes.x), kernel, gradient], attributes),
    ];
    const session = new GraphSession(binding, graph);
    const feeds = Object.fromEntries(
      Object.entries(shapes).map(([name, of], i) => [
        name,
        {
          dtype: 'float32' as const,
          shape: of,
          data: values(
            of.reduce((a, b) => a * b, 1),
            i,
          ),
        },
      ]),
    );
    const results = session.run(feeds, fetches);
    session.close();
    for (const i of [0, 1, 2]) expect(distance(results[i]!, results[i + 3]!)).toBeLessThan(within);
  });

  it('adds no gradient of the input where none is asked for', () => {
    const graph = new GraphBuilder();
    const step = stepBuilder(graph, 4);
    const x = graph.placeholder('x', 'float32', [4, 4, 4, 64]);
    const kernel = graph.placeholder('kernel', 'float32', [5, 5, 64, 64]);
    const gradient = graph.placeholder('gradient', 'float32', [4, 4, 4, 64]);
    const output = addWinograd(step, convolution(5, 64, 'same'), x, kernel, [4, 4, 64]);
    expect(output.backward(gradient, false).input).toBeNull();
  });
});

describe('usesWinograd', () => {
  const layer = convolution(5, 256, 'same');
  const step = stepBuilder(new GraphBuilder(), 16);

  it.each([
    ['a single image', { ...step, batch: 1 }, layer, [10, 10, 96]],
    ['a run that asks for it', { ...step, convolution: 'plain' as const }, layer, [10, 10, 96]],
    ['bfloat16', { ...step, precision: 'bfloat16' as const }, layer, [10, 10, 96]],
    ['a stride', step, { ...layer, stride: 2 }, [10, 10, 96]],
    ['kernels of 7', step, { ...layer, kernel: 7 }, [10, 10, 96]],
    ['three channels', step, layer, [28, 28, 3]],
    ['sides that tiles do not cover', step, layer, [10, 11, 96]],
  ])('leaves %s to plain convolution', (_, builder, conv, shape) => {
    expect(usesWinograd(builder, conv, shape)).toBe(false);
  });

  it('takes the second convolution of MiniAlexNet', () => {
    expect(usesWinograd(step, layer, [10, 10, 96])).toBe(true);
  });
});

function convolution(kernel: number, filters: number, padding: 'same' | 'valid') {
  return {
    type: 'conv',
    name: 'conv',
    filters,
    kernel,
    stride: 1,
    padding,
    activation: 'relu',
  } as const satisfies Layer;
}

function stepBuilder(graph: GraphBuilder, batch: number): StepBuilder {
  const unused = () => {
    throw new Error('a convolution reads its kernel through its caller');
  };
  return {
    graph,
    batch,
    training: true,
    precision: 'float32',
    convolution: 'winograd',
    fused: false,
    fusedTraining: false,
    denseOnly: false,
    trains: () => true,
    read: unused,
    holdUpdate: unused,
    addSideEffect: unused,
    trainFused: unused,
    randomUniform: unused,
  };
}

/** Numbers of mean 0 that repeat from run to run. */
function values(length: number, seed: number): Float32Array {
  return Float32Array.from(
    { length },
    (_, i) => Math.sin(1.7 * (i + 1) * (seed + 1)) + Math.cos(0.3 * i * i),
  );
}

function distance(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (found[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
