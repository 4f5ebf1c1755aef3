import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findWeights } from '../../src/weights/findWeights.ts';
import { fixture, pattern, readAll, transposed } from './fixtures.ts';

/** The nearest float8 of 4 exponent and 3 mantissa bits, ties to even, for magnitudes from 2^-6 to 448. */
function nearestE4m3(value: number): number {
  if (value === 0) return 0;
  const step = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 3);
  const units = value / step;
  const below = Math.floor(units);
  const up = units - below > 0.5 || (units - below === 0.5 && below % 2 !== 0);
  return (up ? below + 1 : below) * step;
}

describe('safetensors', () => {
  it.each([0x280, 0x480, 0x4b50])('is told by its contents where the header is %d bytes long', (length) => {
    const folder = mkdtempSync(join(tmpdir(), 'weights-'));
    const header = '{"w":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}';
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(BigInt(length));
    const path = join(folder, 'w.safetensors');
    writeFileSync(path, Buffer.concat([start, Buffer.from(header.padEnd(length)), Buffer.alloc(4)]));
    expect(readAll(path).format).toBe('safetensors');
    rmSync(folder, { recursive: true });
  });

  it('reads what torch wrote, in every float type', () => {
    const { format, layers, skipped } = readAll(fixture('torch.safetensors'));
    expect(format).toBe('safetensors');
    expect(layers).toEqual({
      'embed.weight': {
        name: 'embed.weight',
        kind: 'embedding',
        shape: [6, 4],
        dtype: 'bfloat16',
        convLayout: null,
        notes: [],
        rounding: null,
        values: pattern([6, 4], 1),
      },
      'conv.weight': {
        name: 'conv.weight',
        kind: 'conv',
        shape: [4, 3, 2, 2],
        dtype: 'float16',
        convLayout: 'outInKernel',
        notes: [],
        rounding: null,
        values: pattern([4, 3, 2, 2], 2),
      },
      'fc.weight': {
        name: 'fc.weight',
        kind: 'dense',
        shape: [5, 4],
        dtype: 'float64',
        convLayout: null,
        notes: [],
        rounding: null,
        values: pattern([5, 4], 3),
      },
      'quantized.weight': {
        name: 'quantized.weight',
        kind: 'dense',
        shape: [4, 4],
        dtype: 'float8_e4m3fn',
        convLayout: null,
        notes: [],
        rounding: null,
        values: pattern([4, 4], 5).map(nearestE4m3),
      },
    });
    expect(skipped).toEqual({ 'fc.bias': '1 dimensions, no matrix' });
  });

  it('gives a reason for everything that is no layer', () => {
    const { layers, skipped } = readAll(fixture('numpy.safetensors'));
    expect(Object.keys(layers)).toEqual(['fc1/kernel']);
    expect(skipped).toMatchObject({
      b: '1 dimensions, no matrix',
      e: 'no values: shape [0, 4]',
      i: 'values are int64, no floats',
      s: '0 dimensions, no matrix',
      t: 'values are bool, no floats',
    });
  });
});

describe('numpy', () => {
  it.each([
    ['matrix.npy', [5, 3], 1, 'float32'],
    ['bigEndian.npy', [4, 3], 3, 'float32'],
    ['half.npy', [4, 3], 4, 'float16'],
    ['bfloat16.npy', [4, 3], 5, 'bfloat16'],
    ['fortran.npy', [3, 2, 4], 2, 'float64'],
  ] as const)('reads %s', (name, shape, seed, dtype) => {
    const [layer] = Object.values(readAll(fixture(name)).layers);
    expect(layer).toMatchObject({ name: name.slice(0, -4), shape, dtype, values: pattern(shape, seed) });
  });

  it.each(['stored.npz', 'compressed.npz'])('reads %s', (name) => {
    const { layers, skipped } = readAll(fixture(name));
    expect(layers).toMatchObject({
      fc1: { kind: 'dense', values: pattern([5, 3], 1) },
      'conv/kernel': {
        kind: 'conv',
        convLayout: 'kernelInOut',
        dtype: 'float64',
        values: pattern([2, 2, 3, 4], 2),
      },
    });
    expect(skipped).toEqual({ bias: '1 dimensions, no matrix' });
  });

  it('skips integers', () => {
    expect(readAll(fixture('integers.npy')).skipped).toEqual({ integers: 'values are int64, no floats' });
  });
});

describe('PyTorch', () => {
  const base = pattern([8, 6], 7);
  it.each([
    ['state.pt', 'PyTorch'],
    ['protocol4.pt', 'PyTorch'],
    ['legacy.pt', 'PyTorch (legacy)'],
  ])('reads %s', (name, format) => {
    const read = readAll(fixture(name));
    expect(read.format).toBe(format);
    expect(read.layers).toMatchObject({
      'conv.weight': {
        kind: 'conv',
        convLayout: 'outInKernel',
        shape: [4, 3, 2, 2],
        values: pattern([4, 3, 2, 2], 1),
      },
      'fc.weight': { kind: 'dense', dtype: 'float64', values: pattern([5, 4], 3) },
      'half.weight': { dtype: 'float16', values: pattern([4, 3], 4) },
      'bfloat.weight': { dtype: 'bfloat16', values: pattern([4, 3], 5) },
      'embedding.weight': { kind: 'embedding', values: pattern([6, 4], 6) },
      'transposed.weight': {
        shape: [6, 8],
        values: transposed(base, 8, 6),
      },
      'part.weight': {
        shape: [3, 3],
        values: [2, 3, 4].flatMap((row) => base.slice(row * 6 + 1, row * 6 + 4)),
      },
    });
    expect(read.skipped).toEqual({
      'conv.bias': '1 dimensions, no matrix',
      steps: 'values are int64, no floats',
    });
  });

  it('finds the model in a checkpoint and leaves the optimizer out', () => {
    const { layers, skipped } = readAll(fixture('checkpoint.pth'));
    expect(layers).toMatchObject({
      'model.0.weight': { shape: [3, 4], values: pattern([3, 4], 0) },
      'model.2.weight': { shape: [2, 3], values: pattern([2, 3], 2) },
    });
    expect(Object.keys(layers).length).toBe(2);
    expect(skipped['optimizer.state.0.exp_avg']).toBe('optimizer state');
  });

  it('reads parameters', () => {
    expect(readAll(fixture('parameters.pt')).layers).toMatchObject({
      '0.weight': { shape: [3, 4], values: pattern([3, 4], 0) },
    });
  });

  it('passes over plain values, and skips what holds no floats', () => {
    const { layers, skipped } = readAll(fixture('types.pt'));
    expect(layers).toMatchObject({ weight: { values: pattern([4, 3], 1) } });
    expect(layers.float8).toMatchObject({ dtype: 'float8_e4m3fn', values: new Array(12).fill(0) });
    expect(skipped).toEqual({ complex: 'values are complex64, no floats' });
  });

  it('reads the parameters of a pickled module, of which nothing is loaded', () => {
    const { layers, skipped } = readAll(fixture('module.pt'));
    expect(layers).toMatchObject({
      '0.weight': { kind: 'dense', shape: [3, 4], values: pattern([3, 4], 0) },
      '2.weight': { kind: 'dense', shape: [2, 3], values: pattern([2, 3], 2) },
    });
    expect(skipped).toEqual({ '0.bias': '1 dimensions, no matrix', '2.bias': '1 dimensions, no matrix' });
  });
});

describe('HDF5', () => {
  it('reads what h5py wrote: groups, chunks, filters, byte orders', () => {
    const { format, layers, skipped } = readAll(fixture('plain.h5'));
    expect(format).toBe('HDF5');
    expect(layers).toMatchObject({
      'a/dense/kernel': { kind: 'dense', shape: [5, 3], values: pattern([5, 3], 1) },
      'a/conv/kernel': {
        kind: 'conv',
        convLayout: 'kernelInOut',
        dtype: 'float64',
        values: pattern([2, 2, 3, 4], 2),
      },
      half: { dtype: 'float16', values: pattern([4, 3], 3) },
      packed: { shape: [30, 17], values: pattern([30, 17], 4) },
      chunked: { dtype: 'float64', values: pattern([7, 9], 5) },
    });
    for (let i = 0; i < 60; i++) {
      expect(layers[`many/w${String(i).padStart(2, '0')}`]!.values).toEqual(pattern([2, 3], i));
    }
    expect(skipped).toEqual({
      count: 'values are int64, no floats',
      names: 'values are values of varying length, no floats',
      empty: 'no values are stored',
    });
  });

  it('reads groups with dense link storage, each object once', () => {
    const { layers } = readAll(fixture('dense.h5'));
    const names = Object.keys(layers);
    expect(names.length).toBe(30);
    expect(names[0]).toBe('many/other_name_of_the_first_one_000');
    expect(layers[names[0]!]!.values).toEqual(pattern([2, 3], 0));
    for (let i = 1; i < 30; i++) {
      expect(layers[`many/w${String(i).padStart(2, '0')}`]!.values).toEqual(pattern([2, 3], i));
    }
  });

  it('reads newer headers, and says what it does not read', () => {
    const latest = readAll(fixture('latest.h5'));
    expect(latest.layers['dense/kernel']!.values).toEqual(pattern([5, 3], 1));
    const reason = 'data layout of version 5: save the file again without libver="latest"';
    expect(latest.skipped).toEqual({ whole: reason });
    expect(readAll(fixture('ordered.h5')).layers).toMatchObject({
      b: { values: pattern([3, 2], 1) },
      a: { values: pattern([2, 3], 2) },
    });
  });
});

describe('Keras', () => {
  // Numbers of the arrays in the order of the model: conv 0 and 1, norm 2 to 5, spread 6 and 7, fc1 8 and 9, fc2 10 and 11.
  it('reads .keras, names and order as in the model', () => {
    const { format, layers, skipped } = readAll(fixture('model.keras'));
    expect(format).toBe('Keras');
    expect(Object.keys(layers)).toEqual(['conv/vars/0', 'fc1/vars/0', 'fc2/vars/0']);
    expect(layers).toMatchObject({
      'conv/vars/0': { kind: 'conv', convLayout: 'kernelInOut', values: pattern([3, 3, 3, 4], 0) },
      'fc1/vars/0': { kind: 'dense', shape: [100, 6], values: pattern([100, 6], 8) },
      'fc2/vars/0': { kind: 'dense', values: pattern([6, 2], 10) },
    });
    expect(skipped).toMatchObject({
      'spread/vars/0': 'depthwise kernel: no matrix joins its channels',
      'norm/vars/0': '1 dimensions, no matrix',
      'optimizer/vars/0': 'optimizer state',
    });
  });

  it('reads .weights.h5', () => {
    const { format, layers } = readAll(fixture('model.weights.h5'));
    expect(format).toBe('Keras HDF5');
    expect(layers).toMatchObject({
      'layers/conv2d/vars/0': { kind: 'conv', convLayout: 'kernelInOut', values: pattern([3, 3, 3, 4], 0) },
      'layers/dense/vars/0': { values: pattern([100, 6], 8) },
      'layers/dense_1/vars/0': { values: pattern([6, 2], 10) },
    });
  });

  it('joins the heads of attention, and leaves out its biases and depthwise kernels', () => {
    const attention = 'layers/multi_head_attention';
    const { layers, skipped } = readAll(fixture('attention.weights.h5'));
    // Variables in order: query kernel and bias, key, value, output, then the separable convolution.
    expect(layers).toMatchObject({
      [`${attention}/query_dense/vars/0`]: { kind: 'dense', shape: [4, 6], values: pattern([4, 6], 0) },
      [`${attention}/value_dense/vars/0`]: { shape: [4, 6] },
      [`${attention}/output_dense/vars/0`]: { kind: 'dense', shape: [6, 4], values: pattern([6, 4], 6) },
      'layers/separable_conv1d/vars/1': { kind: 'conv', shape: [1, 4, 3], convLayout: 'kernelInOut' },
    });
    expect(skipped).toMatchObject({
      [`${attention}/query_dense/vars/1`]: 'bias',
      'layers/separable_conv1d/vars/0': 'depthwise kernel: no matrix joins its channels',
    });
  });

  it('reads bfloat16', () => {
    expect(readAll(fixture('bfloat16.keras')).layers).toMatchObject({
      'fc/vars/0': { dtype: 'bfloat16', shape: [5, 3], values: pattern([5, 3], 0) },
    });
  });

  it('reads .h5', () => {
    expect(readAll(fixture('model.h5')).layers).toMatchObject({
      'model_weights/conv/sequential/conv/kernel': { kind: 'conv', values: pattern([3, 3, 3, 4], 0) },
      'model_weights/fc1/sequential/fc1/kernel': { kind: 'dense', values: pattern([100, 6], 8) },
    });
  });
});

describe('ONNX', () => {
  it.each(['model.onnx', 'external.onnx'])(
    'reads %s: what a node does with a tensor tells what it is',
    (name) => {
      const { format, layers, skipped } = readAll(fixture(name));
      expect(format).toBe('ONNX');
      expect(layers).toMatchObject({
        'conv.weight': {
          kind: 'conv',
          convLayout: 'outInKernel',
          shape: [4, 3, 2, 2],
          values: pattern([4, 3, 2, 2], 1),
        },
        'fc.weight': { kind: 'dense', shape: [6, 4], values: pattern([6, 4], 3) },
        wide: { dtype: 'float64', values: pattern([4, 3], 4) },
        half: { dtype: 'float16', values: pattern([4, 3], 5) },
        table: { kind: 'embedding', values: pattern([7, 4], 6) },
        c: { values: pattern([3, 2], 7) },
      });
      expect(skipped).toEqual({
        'conv.bias': 'bias',
        shape: 'values are int64, no floats',
      });
    },
  );
});

describe('TensorFlow.js', () => {
  it('reads model.json with its shards', () => {
    const { format, layers, skipped } = readAll(fixture('tfjs/model.json'));
    expect(format).toBe('TensorFlow.js');
    expect(layers).toMatchObject({
      'conv/kernel': { kind: 'conv', convLayout: 'kernelInOut', values: pattern([2, 2, 3, 4], 0) },
      'fc1/kernel': { kind: 'dense', shape: [100, 5], values: pattern([100, 5], 0) },
    });
    expect(skipped).toEqual({
      'conv/bias': '1 dimensions, no matrix',
      'fc1/bias': '1 dimensions, no matrix',
    });
  });

  it('reads a manifest of weights alone, a bare list, and finds it in a folder', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tfjs-'));
    writeFileSync(join(folder, 'face.bin'), Uint8Array.of(0, 10, 20, 255));
    const quantization = { dtype: 'uint8', scale: 0.5, min: -1 };
    const weights = [{ name: 'fc/weights', shape: [2, 2], dtype: 'float32', quantization }];
    const path = join(folder, 'face_model-weights_manifest.json');
    writeFileSync(path, JSON.stringify([{ paths: ['face.bin'], weights }]));
    const values = Float32Array.of(-1, 4, 9, 126.5);
    expect(readAll(path).layers).toMatchObject({ 'fc/weights': { kind: 'dense', values } });
    expect(findWeights(folder).map(({ path }) => path)).toEqual([path]);
    rmSync(folder, { recursive: true });
  });

  it('undoes quantization', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tfjs-'));
    writeFileSync(join(folder, 'w.bin'), Uint8Array.of(0, 10, 20, 255, 0x00, 0x3c, 0x00, 0xc0));
    const weights = [
      { name: 'a', shape: [2, 2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
      { name: 'b', shape: [1, 2], dtype: 'float32', quantization: { dtype: 'float16' } },
    ];
    const model = { weightsManifest: [{ paths: ['w.bin'], weights }] };
    writeFileSync(join(folder, 'model.json'), JSON.stringify(model));
    expect(readAll(join(folder, 'model.json')).layers).toMatchObject({
      a: { values: [-1, 4, 9, 126.5] },
      b: { values: [1, -2] },
    });
    rmSync(folder, { recursive: true });
  });
});
