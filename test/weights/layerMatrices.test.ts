import { describe, expect, it } from 'vitest';
import { layerMatrices } from '../../src/weights/layerMatrices.ts';
import { classifyTensors } from '../../src/weights/layerRule.ts';
import { storedTensor } from '../../src/weights/tensors/storedTensor.ts';
import type { ConvLayout, WeightsLayer } from '../../src/weights/tensors/weightsFile.ts';

/** A kernel of 2 x 3 positions, 2 inputs and 4 outputs whose values tell position, input and output. */
const tell = (y: number, x: number, input: number, output: number): number =>
  1000 * y + 100 * x + 10 * input + output;

function kernel(convLayout: ConvLayout): WeightsLayer {
  const values: number[] = [];
  if (convLayout === 'kernelInOut') {
    for (let y = 0; y < 2; y++)
      for (let x = 0; x < 3; x++)
        for (let i = 0; i < 2; i++) for (let o = 0; o < 4; o++) values.push(tell(y, x, i, o));
  } else {
    for (let o = 0; o < 4; o++)
      for (let i = 0; i < 2; i++)
        for (let y = 0; y < 2; y++) for (let x = 0; x < 3; x++) values.push(tell(y, x, i, o));
  }
  const shape = convLayout === 'kernelInOut' ? [2, 3, 2, 4] : [4, 2, 2, 3];
  return {
    name: 'k',
    kind: 'conv',
    shape,
    dtype: 'float32',
    convLayout,
    notes: [],
    rounding: null,
    read: () => Float32Array.from(values),
  };
}

describe.each(['kernelInOut', 'outInKernel'] as const)('%s', (convLayout) => {
  it('gives an inputs x outputs matrix for each position', () => {
    const matrices = layerMatrices(kernel(convLayout), { conv: 'slices' });
    expect(matrices.length).toBe(6);
    matrices.forEach(({ rows, cols, data }, position) => {
      const [y, x] = [Math.floor(position / 3), position % 3];
      expect({ rows, cols }).toEqual({ rows: 2, cols: 4 });
      expect([...data]).toEqual([0, 1].flatMap((i) => [0, 1, 2, 3].map((o) => tell(y, x, i, o))));
    });
  });

  it('flattens to (positions * inputs) x outputs', () => {
    const [matrix, ...more] = layerMatrices(kernel(convLayout), { conv: 'flatten' });
    expect(more).toEqual([]);
    expect(matrix).toMatchObject({ rows: 12, cols: 4 });
    expect([...matrix!.data]).toEqual([...kernel('kernelInOut').read()]);
  });
});

it('gives a dense layer as it is', () => {
  const data = Float64Array.of(1, 2, 3, 4, 5, 6);
  const dense: WeightsLayer = {
    name: 'd',
    kind: 'dense',
    shape: [2, 3],
    dtype: 'float64',
    convLayout: null,
    notes: [],
    rounding: null,
    read: () => data,
  };
  expect(layerMatrices(dense, { conv: 'slices' })).toEqual([{ rows: 2, cols: 3, data }]);
});

describe('classifyTensors', () => {
  const one = (name: string, shape: number[]): string => {
    const read = (): Float32Array => new Float32Array();
    const { layers, skipped } = classifyTensors([
      storedTensor({ name, shape, dtype: 'float32', read }),
      storedTensor({ name: 'fc1/kernel', shape: [1], dtype: 'float32', read }),
    ]);
    const layer = layers[0];
    return layer === undefined ? skipped[0]!.reason : `${layer.kind} ${layer.convLayout}`;
  };

  it.each([
    ['fc.weight', [3, 4], 'dense null'],
    ['word_embeddings.weight', [3, 4], 'embedding null'],
    ['transformer.wte.weight', [3, 4], 'embedding null'],
    ['conv.weight', [96, 3, 5, 5], 'conv outInKernel'],
    ['conv/kernel', [5, 5, 3, 96], 'conv kernelInOut'],
    ['array0', [5, 5, 3, 96], 'conv kernelInOut'],
    ['array0', [96, 3, 5, 5], 'conv outInKernel'],
    ['fc1/kernel/momentum', [3, 4], 'belongs to fc1/kernel'],
    ['optimizer.state.0.exp_avg', [3, 4], 'optimizer state'],
    ['block/depthwise_kernel', [3, 3, 8, 1], 'depthwise kernel: no matrix joins its channels'],
    ['att/key/bias', [2, 8], 'bias'],
    ['layers/separable_conv2d_1/vars/0', [3, 3, 8, 1], 'depthwise kernel: no matrix joins its channels'],
    ['x', [2, 2, 2, 2, 2, 2], '6 dimensions, neither matrix nor kernel'],
  ])('%s %j is %s', (name, shape, expected) => {
    expect(one(name, shape)).toBe(expected);
  });
});
