import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { analyzeWeights } from '../../src/analyze/analyzeWeights.ts';
import { type Tensor, writeSafetensors } from '../../src/base/safetensors/safetensors.ts';
import { analysisSchema } from '../../src/experiment/config/schema.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { BY_NAME, searchWeights } from '../../src/weights/findWeights.ts';
import { openWeights } from '../../src/weights/openWeights.ts';
import { fixture, pattern, transposed } from './fixtures.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'copies-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const world = (name: string): string => fixture(`../world/${name}`);
const put = (from: string, name: string): void => copyFileSync(from, join(folder, name));

/** Values that no short float holds. */
const thirds = (shape: readonly number[], seed: number): number[] => pattern(shape, seed).map((x) => x / 3);

/** A file with a matrix of 3 x 4 and its bias. */
function write(name: string, seed: number, dtype: 'F32' | 'F16' | 'BF16' = 'F32', prefix = ''): void {
  const tensor = (shape: number[], own: number) => ({
    dtype,
    shape,
    data: Float32Array.from(thirds(shape, own)),
  });
  writeSafetensors(
    join(folder, name),
    new Map([
      [`${prefix}fc.weight`, tensor([3, 4], seed)],
      [`${prefix}fc.bias`, tensor([3], seed)],
    ]),
  );
}

const search = (compare?: typeof BY_NAME): { found: string[]; copies: Record<string, string> } => {
  const { found, copies } = searchWeights(folder, compare);
  return {
    found: found.map(({ path }) => basename(path)),
    copies: Object.fromEntries(
      copies.map(({ path, reason }) => [basename(path), reason.replace(`${folder}/`, '')]),
    ),
  };
};

describe('copies in a folder', () => {
  it('are told by what they hold where their names say nothing', () => {
    put(world('sharded/pytorch_model.bin'), 'backbone_model.bin');
    for (const shard of ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']) {
      put(world(`sharded/${shard}`), shard);
    }
    put(world('sharded/model.safetensors.index.json'), 'model.safetensors.index.json');
    write('other.safetensors', 1);
    expect(search()).toEqual({
      found: ['model.safetensors.index.json', 'other.safetensors'],
      copies: { 'backbone_model.bin': 'it holds the same weights as model.safetensors.index.json' },
    });
    expect(search(BY_NAME).found).toHaveLength(3);
  });

  it('may be of another precision, with other names of layers and with axes in the order of another framework', () => {
    write('full.safetensors', 1);
    write('half.safetensors', 1, 'F16');
    write('brain.safetensors', 1, 'BF16', 'module.');
    const turned = Float32Array.from(transposed(thirds([3, 4], 1), 3, 4));
    writeSafetensors(
      join(folder, 'keras.safetensors'),
      new Map([['dense/kernel', { dtype: 'F32', shape: [4, 3], data: turned }]]),
    );
    write('next.safetensors', 2, 'F16');
    const { found, copies } = search();
    expect(found).toHaveLength(2);
    expect(found).toContain('next.safetensors');
    expect(Object.keys(copies)).toHaveLength(3);
  });

  it('are passed over for the one of the finest element type, whatever the order of names and formats', () => {
    write('a.safetensors', 1, 'BF16');
    write('b.safetensors', 1, 'F16');
    write('c.safetensors', 1);
    write('d.safetensors', 1, 'BF16');
    const reason = 'it holds the same weights as c.safetensors, in a coarser element type';
    const { found, copies } = search();
    expect(found).toEqual(['c.safetensors']);
    expect(copies['d.safetensors']).toBe(reason);
    expect(Object.values(copies).every((why) => why.endsWith(', in a coarser element type'))).toBe(true);
    // A checkpoint that says its epoch stays.
    write('epoch=3.safetensors', 2, 'F16');
    write('best.safetensors', 2);
    expect(search().found).toEqual(['c.safetensors', 'epoch=3.safetensors']);
  });

  it('may be kernels turned from one framework to another', () => {
    const [outputs, inputs, positions] = [4, 3, 4];
    const values = thirds([outputs, inputs, 2, 2], 1);
    const turned = new Float32Array(values.length);
    for (const [i, value] of values.entries()) {
      const [position, input] = [i % positions, Math.floor(i / positions) % inputs];
      turned[(position * inputs + input) * outputs + Math.floor(i / (positions * inputs))] = value;
    }
    const kernel = (name: string, file: string, shape: number[], data: Float32Array): void =>
      writeSafetensors(join(folder, file), new Map([[name, { dtype: 'F32', shape, data }]]));
    kernel('conv.weight', 'torch.safetensors', [4, 3, 2, 2], Float32Array.from(values));
    kernel('conv/kernel', 'keras.safetensors', [2, 2, 3, 4], turned);
    expect(search().found).toHaveLength(1);
    kernel('conv/kernel', 'keras.safetensors', [2, 2, 3, 4], turned.toReversed());
    expect(search().found).toHaveLength(2);
  });

  it('are none where names agree but weights differ, or the same entries stand in other places', () => {
    write('model.safetensors', 1);
    put(world('sharded/pytorch_model.bin'), 'pytorch_model.bin');
    writeSafetensors(
      join(folder, 'shuffled.safetensors'),
      new Map([
        [
          'fc.weight',
          { dtype: 'F32', shape: [3, 4], data: Float32Array.from(thirds([3, 4], 1)).toReversed() },
        ],
      ]),
    );
    expect(search()).toEqual({
      found: ['model.safetensors', 'pytorch_model.bin', 'shuffled.safetensors'],
      copies: {},
    });
  });

  it('are told by their names where one of them cannot be read, and where names say a variant', () => {
    write('model.safetensors', 1);
    write('model.ema.safetensors', 2);
    writeFileSync(join(folder, 'pytorch_model.bin'), '');
    mkdirSync(join(folder, 'onnx'));
    put(world('cast.onnx'), 'onnx/model.onnx');
    const reason = 'by its name it is the model of model.safetensors';
    expect(search()).toEqual({
      found: ['model.safetensors'],
      copies: { 'model.ema.safetensors': reason, 'pytorch_model.bin': reason, 'model.onnx': reason },
    });
  });

  it('are no members of a series, and the epoch that says its number is read', () => {
    for (const name of ['a_epoch-0.safetensors', 'b_epoch-0.safetensors', 'net7.safetensors']) write(name, 1);
    expect(search().found).toEqual(['a_epoch-0.safetensors', 'b_epoch-0.safetensors']);
    rmSync(join(folder, 'a_epoch-0.safetensors'));
    rmSync(join(folder, 'b_epoch-0.safetensors'));
    write('net8.safetensors', 1);
    expect(search().found).toEqual(['net7.safetensors', 'net8.safetensors']);
    write('best.safetensors', 2);
    write('epoch=3.safetensors', 2);
    expect(search().copies).toEqual({
      'best.safetensors': 'it holds the same weights as epoch=3.safetensors',
    });
  });
});

describe('copies in a file', () => {
  const shape = [12, 16];
  const values = Float32Array.from(thirds(shape, 1));
  const analyzed = (path: string, wanted = (_: string) => true) => {
    const file = openWeights(path);
    const options = { conv: 'slices' as const, wanted };
    try {
      return analyzeWeights(file, analysisSchema.parse({}), typescriptLinearAlgebra, options);
    } finally {
      file.close();
    }
  };
  const half = (data: Float32Array) => ({ dtype: 'F16' as const, shape, data });
  const read = (tensors: Record<string, Tensor>) => {
    const path = join(folder, 'model.safetensors');
    writeSafetensors(path, new Map(Object.entries(tensors)));
    const { layers, skipped } = analyzed(path);
    return {
      layers: layers.map(({ row }) => row.layer).sort(),
      skipped: Object.fromEntries(skipped.map(({ name, reason }) => [name, reason])),
    };
  };

  it('in a coarser element type are passed over for the finest, with the reason', () => {
    const step = 0.01;
    const stored = Int8Array.from(values, (value) => Math.round(value / step));
    const off = values.slice();
    off[100]! += 2 ** -11; // a step of float16 there
    expect(
      read({
        'fc.weight': { dtype: 'F32', shape, data: values },
        'half.weight': half(values),
        'brain.weight': { dtype: 'BF16', shape, data: values },
        'whole.weight': { dtype: 'I8', shape, data: stored },
        'whole.weight_scale': { dtype: 'F32', shape: [1], data: Float32Array.of(step) },
        'off.weight': half(off),
        'next.weight': half(Float32Array.from(thirds(shape, 2))),
        'twin.weight': { dtype: 'F32', shape, data: values },
        'turned.weight': { dtype: 'F16', shape: [16, 12], data: values },
      }),
    ).toEqual({
      layers: ['fc.weight', 'next.weight', 'off.weight', 'turned.weight', 'twin.weight'],
      skipped: {
        'half.weight': 'the same weights as fc.weight, in a coarser element type (float16)',
        'brain.weight': 'the same weights as fc.weight, in a coarser element type (bfloat16)',
        'whole.weight': 'the same weights as fc.weight, in a coarser element type (int8)',
        'whole.weight_scale': 'scale of quantized weights: of whole.weight',
      },
    });
  });

  it('stay where they are the only ones that are wanted', () => {
    const path = join(folder, 'model.safetensors');
    writeSafetensors(
      path,
      new Map<string, Tensor>([
        ['fc.weight', { dtype: 'F32', shape, data: values }],
        ['half.weight', half(values)],
      ]),
    );
    const { layers } = analyzed(path, (name) => name === 'half.weight');
    expect(layers.map(({ row }) => row.layer)).toEqual(['half.weight']);
  });
});
