import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { searchWeights } from '../../src/weights/findWeights.ts';
import { pattern, type ReadLayer, readAll, transposed } from './fixtures.ts';

/** Files as people have them, made by scripts/makeWorldFixtures.py. */
const world = (name: string): string => new URL(`../fixtures/world/${name}`, import.meta.url).pathname;
const layersOf = (name: string): Record<string, ReadLayer> => readAll(world(name)).layers;
const namesOf = (name: string): string[] => Object.keys(layersOf(name));

const scaled = (values: readonly number[], factor: (index: number) => number): number[] =>
  values.map((value, index) => value * factor(index));

function expectNear(found: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(found.length).toBe(expected.length);
  const off = found.map((value, i) => Math.abs(value - expected[i]!));
  expect(off.every((distance) => distance <= tolerance)).toBe(true);
}

describe('PyTorch', () => {
  it.each([
    'namespace',
    'numpy_scalar',
    'numpy_array',
    'defaultdict',
    'counter',
    'posixpath',
    'datetime',
    'simplenamespace',
    'rng',
    'plain',
  ])('reads the weights beside a %s', (name) => {
    const layers = layersOf(`${name}.pth`);
    expect(Object.keys(layers)).toEqual(['state_dict.0.weight', 'state_dict.2.weight']);
    expect(layers['state_dict.0.weight']!.values).toEqual(pattern([3, 4], 0));
  });

  it('knows the state of an optimizer by its form, whatever its name, and an average by its twin', () => {
    expect(namesOf('lightning.ckpt')).toEqual(['state_dict.model.0.weight', 'state_dict.model.2.weight']);
    const { layers, skipped } = readAll(world('gan.pth'));
    expect(Object.keys(layers)).toEqual(['model.0.weight', 'model.2.weight']);
    expect(skipped).toMatchObject({
      'opt_d.state.0.exp_avg': 'optimizer state',
      'anything.state.0.exp_avg': 'optimizer state',
      'ema.0.weight': 'moving average of model.0.weight',
    });
    // An average without its twin is the weights.
    expect(namesOf('ema_alone.pth')).toEqual(['ema.0.weight', 'ema.2.weight']);
  });

  it('reads a dict of pairs, as Python 2 pickled it', () => {
    expect(layersOf('python2.pth')).toMatchObject({ 'fc.weight': { values: pattern([3, 4], 1) } });
  });

  it.each(['whole_module.pth', 'script.pt', 'trace.pt'])('reads the parameters of %s', (name) => {
    expect(layersOf(name)).toMatchObject({
      '0.weight': { shape: [3, 4], values: pattern([3, 4], 0) },
      '2.weight': { shape: [2, 3], values: pattern([2, 3], 2) },
    });
  });

  it('reads NumPy arrays in a plain pickle', () => {
    expect(layersOf('arrays.pkl')).toMatchObject({ 'model.fc.weight': { values: pattern([3, 4], 1) } });
  });

  it('skips single tensors that cannot be read, each with its reason', () => {
    expect(readAll(world('views.pth'))).toMatchObject({
      layers: {
        'a.weight': { values: pattern([6, 4], 1).slice(0, 12) },
        'b.weight': { values: transposed(pattern([6, 4], 1), 6, 4) },
      },
      skipped: { 'e.weight': 'a view that repeats its values (expanded or strided)' },
    });
    expect(readAll(world('sparse.pth'))).toMatchObject({
      layers: { 'fc.weight': { values: pattern([6, 4], 1) } },
      skipped: { 's.weight': 'values are sparse', 'r.weight': 'values are sparse' },
    });
    expect(readAll(world('meta.pth'))).toMatchObject({
      layers: { 'fc.weight': {} },
      skipped: { 'm.weight': 'no values: a tensor of the device meta' },
    });
  });

  it('undoes quantization by channel and by tensor', () => {
    const layers = layersOf('quantized.pth');
    const whole = pattern([6, 4], 3).map((value) => value * 64);
    const [scales, zeros] = [
      [0.5, 0.25, 1, 2, 0.125, 4],
      [0, 1, -1, 2, 0, 3],
    ];
    const row = (i: number): number => Math.floor(i / 4);
    expect(layers['q.weight']!.values).toEqual(whole.map((q, i) => scales![row(i)]! * (q - zeros![row(i)]!)));
    expect(layers['t.weight']!.values).toEqual(whole.map((q) => 0.5 * (q - 3)));
    expect(layers['q.weight']).toMatchObject({ dtype: 'int8', notes: ['dequantized from int8'] });
  });

  it('puts reparametrized weights together', () => {
    const [parts, joined] = [readAll(world('weight_norm.pth')), layersOf('weight_norm_joined.npz')];
    expect(Object.keys(parts.layers)).toEqual(['wn.weight', 'old.weight', 'sn.weight']);
    for (const name of ['wn', 'old', 'sn']) {
      expectNear(parts.layers[`${name}.weight`]!.values, joined[name]!.values, 1e-6);
    }
    expect(parts.skipped).toMatchObject({
      'old.weight_g': 'part of old.weight',
      'wn.parametrizations.weight.original0': 'part of wn.weight',
    });
    const pruned = readAll(world('pruned.pth'));
    expect(pruned.layers.weight!.values).toEqual(layersOf('pruned_joined.npz').weight!.values);
    expect(pruned.skipped.weight_mask).toBe('part of weight');
  });
});

describe('one rule in every format', () => {
  it.each(['kinds.pth', 'kinds.safetensors', 'kinds.npz'])('reads %s', (name) => {
    const { layers, skipped } = readAll(world(name));
    const kindAndShape = Object.fromEntries(
      Object.entries(layers).map(([key, { kind, shape }]) => [key, `${kind} ${shape.join(' ')}`]),
    );
    expect(kindAndShape).toEqual({
      'lstm.weight_ih_l0': 'recurrent 12 4',
      'lstm.weight_hh_l0': 'recurrent 12 3',
      'mha.in_proj_weight': 'dense 12 4',
      'emb.weight': 'embedding 9 4',
      'first.weight': 'conv 4 3 3 3',
      'grouped.weight': 'conv 8 2 3 3',
      'volume.weight': 'conv 4 2 3 3 3',
      'line.weight': 'conv 4 3 5',
      'bilinear.weight': 'bilinear 4 3 5',
      pos_embed: 'embedding 7 4',
      'mlp.experts.gate_up_proj[0]': 'expert 4 6',
      'mlp.experts.gate_up_proj[1]': 'expert 4 6',
      'moe.stack[0]': 'expert 40 36',
      'moe.stack[1]': 'expert 40 36',
    });
    expect(layers['mlp.experts.gate_up_proj[1]']!.values).toEqual(pattern([2, 4, 6], 14).slice(24));
    expect(layers['line.weight']!.convLayout).toBe('outInKernel');
    expect(skipped).toEqual({
      'lstm.bias_ih_l0': '1 dimensions, no matrix',
      'mid.weight': 'depthwise kernel: no matrix joins its channels',
      cls_token: 'one axis of more than one value, no matrix',
      causal_mask: 'mask',
      freqs: 'fixed table, not trained',
    });
  });
});

describe('quantized and low-rank weights', () => {
  it('multiplies float8 and int8 by their scales, and names packed formats', () => {
    const { layers, skipped } = readAll(world('quantized.safetensors'));
    expect(Object.keys(layers)).toEqual(expect.arrayContaining(['l.weight', 'i.weight']));
    expect(Object.keys(layers)).toHaveLength(2);
    const scales = [1, 2, 0.5, 4, 8, 0.25];
    const block = (i: number): number => 2 * Math.floor(i / 8) + Math.floor((i % 4) / 2);
    const float8 = layersOf('quantized.safetensors')['l.weight']!;
    // The nearest float8 of a multiple of 1/64 below 1: three bits behind the first.
    const nearest = (value: number): number => {
      const step = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 3);
      return value === 0 ? 0 : Math.round(value / step) * step;
    };
    const off = float8.values.map((value, i) =>
      Math.abs(value / scales[block(i)]! - nearest(pattern([6, 4], 1)[i]!)),
    );
    // A tie may go either way here.
    expect(Math.max(...off)).toBeLessThanOrEqual(1 / 16);
    expect(off.filter((distance) => distance > 0).length).toBeLessThan(4);
    expect(layers['i.weight']!.values).toEqual(
      scaled(pattern([3, 4], 2), (i) => 64 * [0.5, 2, 0.25][Math.floor(i / 4)]!),
    );
    expect(skipped['q.qweight']).toMatch(/^packed by GPTQ or AWQ, which is not read: .*dequantize/);
    expect(skipped['n.weight']).toMatch(/^packed by bitsandbytes in 4 bits/);
    expect(skipped).toMatchObject({
      'q.scales': 'scale of quantized weights: of q.qweight',
      'n.weight.absmax': 'scale of quantized weights: of n.weight',
      'l.weight_scale_inv': 'scale of quantized weights: of l.weight',
    });
  });

  it('multiplies the factors of an adapter, scaled by its config', () => {
    const layers = layersOf('lora/adapter_model.safetensors');
    const [A, B] = [pattern([2, 6], 1), pattern([5, 2], 2)];
    const product = Array.from({ length: 30 }, (_, i) => {
      const [row, col] = [Math.floor(i / 6), i % 6];
      return (3 / 2) * (B[2 * row]! * A[col]! + B[2 * row + 1]! * A[6 + col]!);
    });
    expect(layers['base_model.model.q_proj (B A)']).toMatchObject({
      kind: 'adapter',
      shape: [5, 6],
      values: product,
      notes: ['product of two factors of rank 2, scaled by 1.5'],
    });
    expect(layers['base_model.model.q_proj.lora_A.weight']).toMatchObject({ kind: 'adapter', values: A });
  });

  it('reads GGUF as the package gguf does, to the last bit', () => {
    const { format, layers, skipped } = readAll(world('model.gguf'));
    expect(format).toBe('GGUF');
    const joined = layersOf('gguf_joined.npz');
    const dtypes = {
      f32: 'float32',
      f16: 'float16',
      bf16: 'bfloat16',
      q8_0: 'Q8_0',
      q4_0: 'Q4_0',
      q4_1: 'Q4_1',
      q5_0: 'Q5_0',
      q5_1: 'Q5_1',
      q2_k: 'Q2_K',
      q3_k: 'Q3_K',
      q4_k: 'Q4_K',
      q5_k: 'Q5_K',
      q6_k: 'Q6_K',
    };
    for (const [name, dtype] of Object.entries(dtypes)) {
      expect(layers[`blk.0.${name}.weight`]).toMatchObject({ dtype, values: joined[name]!.values });
    }
    expect(skipped).toEqual({
      'blk.0.iq4_nl.weight': expect.stringMatching(/^values are IQ4_NL, which is not read: .*llama-quantize/),
    });
  });
});

describe('ONNX', () => {
  it('gives recurrent weights a matrix for each direction', () => {
    const { layers, skipped } = readAll(world('bilstm.onnx'));
    expect(layers).toMatchObject({
      'W[0]': { kind: 'recurrent', shape: [12, 4], values: pattern([2, 12, 4], 1).slice(0, 48) },
      'W[1]': { kind: 'recurrent', values: pattern([2, 12, 4], 1).slice(48) },
      'R[1]': { kind: 'recurrent', shape: [12, 3], values: pattern([2, 12, 3], 2).slice(36) },
    });
    expect(skipped).toEqual({ B: 'bias' });
  });

  it('knows 1 x n constants that are added as biases', () => {
    const { layers, skipped } = readAll(world('biases.onnx'));
    expect(Object.keys(layers)).toEqual(['W', 'V']);
    expect(skipped).toEqual({ c: 'bias', b: 'bias' });
  });

  it('follows a weight through the nodes to the one that uses it', () => {
    expect(layersOf('cast.onnx')).toMatchObject({
      Wh: { kind: 'conv', dtype: 'float16', convLayout: 'outInKernel', values: pattern([4, 3, 2, 2], 1) },
    });
    expect(layersOf('if_outer.onnx')).toMatchObject({
      Wo: { kind: 'conv', values: pattern([4, 3, 2, 2], 1) },
    });
    expect(readAll(world('if_inner.onnx'))).toMatchObject({
      layers: {},
      skipped: { Wi: 'lies in a branch of an If, Loop or Scan node, which is not read' },
    });
    expect(layersOf('experts.onnx')['W[1]']).toMatchObject({ values: pattern([2, 4, 6], 14).slice(24) });
    expect(readAll(world('depthwise.onnx')).skipped.W).toBe('depthwise kernel: no matrix joins its channels');
  });

  it('undoes quantization by the scales of its nodes', () => {
    const whole = pattern([4, 3, 2, 2], 2).map((value) => Math.trunc(value * 64));
    const [scales, zeros] = [
      [0.5, 2, 0.25, 1],
      [0, 1, -2, 3],
    ];
    const output = (i: number): number => Math.floor(i / 12);
    expect(layersOf('qdq.onnx').Wq!.values).toEqual(
      whole.map((q, i) => scales![output(i)]! * (q - zeros![output(i)]!)),
    );
    expect(layersOf('qlinear.onnx')).toMatchObject({
      Wq: { kind: 'conv', values: whole.map((q, i) => scales![output(i)]! * q) },
    });
  });
});

describe('HDF5 and Keras', () => {
  it('knows a depthwise kernel of Keras without bias and telling name by its neighbours', () => {
    const { layers, skipped } = readAll(world('unnamed_depthwise.h5'));
    expect(Object.keys(layers).map((name) => name.at(-8))).toEqual(['a', 'c']);
    expect(Object.values(skipped)).toEqual([expect.stringMatching(/^depthwise kernel, by its shape and/)]);
    // One output that the next kernel takes as its one input.
    const [, one] = Object.values(layersOf('one_output.h5'));
    expect(one).toMatchObject({ kind: 'conv', shape: [3, 3, 8, 1], values: pattern([3, 3, 8, 1], 1) });
  });

  it('takes the fill value where a chunk was never written', () => {
    const { values } = layersOf('partial.h5')['d/kernel']!;
    const written = pattern([3, 2], 1);
    const expected = Array.from({ length: 24 }, (_, i) => {
      const [row, col] = [Math.floor(i / 4), i % 4];
      return row < 3 && col < 2 ? written[2 * row + col]! : 0.5;
    });
    expect(values).toEqual(expected);
  });

  it.each(['rnn.keras', 'rnn.weights.h5', 'rnn.h5'])('reads the gates of %s, and no biases', (name) => {
    const { layers } = readAll(world(name));
    const recurrent = Object.values(layers).filter(({ kind }) => kind === 'recurrent');
    expect(recurrent.map(({ shape }) => shape.join(' ')).sort()).toEqual(
      ['2 2', '3 12', '3 12', '3 2', '3 9', '4 12', '4 12', '6 9'].sort(),
    );
    expect(Object.values(layers).filter(({ kind }) => kind === 'dense')).toMatchObject([{ shape: [2, 2] }]);
  });

  it.each(['nested.keras', 'nested.h5'])('tells depthwise kernels apart in %s', (name) => {
    const { layers, skipped } = readAll(world(name));
    expect(Object.values(layers).map(({ shape }) => shape)).toEqual([
      [3, 3, 3, 4],
      [4, 2],
    ]);
    expect(Object.values(skipped)).toContain('depthwise kernel: no matrix joins its channels');
  });

  it('undoes int8', () => {
    const [layers, joined] = [layersOf('int8.keras'), layersOf('int8_joined.npz')];
    expectNear(layers['a/vars/0']!.values, joined.a!.values, 1e-6);
    expectNear(layers['b/vars/0']!.values, joined.b!.values, 1e-6);
    expect(layers['a/vars/0']).toMatchObject({ dtype: 'int8', notes: ['dequantized from int8'] });
  });

  it('reads mixed and half precision', () => {
    expect(layersOf('mixed.keras')).toMatchObject({
      'embedding/vars/0': { kind: 'embedding', values: pattern([9, 4], 0) },
    });
    expect(Object.values(layersOf('half.keras'))).toMatchObject([
      { kind: 'dense', dtype: 'float16', values: pattern([3, 2], 0) },
    ]);
  });

  it('reads the shards of model.weights.json', () => {
    expect(layersOf('kerasShards/model.weights.json')).toMatchObject({
      'layers/dense/vars/0': { shape: [40, 50], values: pattern([40, 50], 0) },
      'layers/dense_1/vars/0': { shape: [50, 40], values: pattern([50, 40], 2) },
    });
  });
});

describe('folders', () => {
  const filesIn = (name: string): { found: string[]; copies: string[] } => {
    const { found, copies } = searchWeights(world(name));
    return { found: found.map(({ name: own }) => own), copies: copies.map(({ path }) => basename(path)) };
  };

  it('takes the index for its shards, one of two copies, and no state of a training', () => {
    expect(filesIn('sharded')).toEqual({ found: ['model.safetensors.index'], copies: ['pytorch_model.bin'] });
    expect(namesOf('sharded/model.safetensors.index.json').sort()).toEqual([
      'down_proj.weight',
      'embed_tokens.weight',
      'q_proj.weight',
    ]);
    expect(filesIn('kerasShards')).toEqual({ found: ['model.weights'], copies: [] });
  });

  it('looks into subfolders', () => {
    expect(filesIn('pipeline')).toEqual({
      found: ['text_encoder/diffusion_pytorch_model', 'unet/diffusion_pytorch_model'],
      copies: [],
    });
  });
});
