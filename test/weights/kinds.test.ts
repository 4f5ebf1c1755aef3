import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRandomAccess } from '../../src/base/files/randomAccessFile.ts';
import { readZip } from '../../src/base/zip/zip.ts';
import { searchWeights } from '../../src/weights/findWeights.ts';
import { openNpz } from '../../src/weights/formats/npy.ts';
import { openWeights } from '../../src/weights/openWeights.ts';
import { readAll } from './fixtures.ts';

/** Files of more kinds than test/fixtures/world has, with what each of their layers is by the library that made them: scripts/makeKindFixtures.py. */
const kind = (name: string): string => new URL(`../fixtures/kinds/${name}`, import.meta.url).pathname;

type Expected = Record<string, { shape: readonly number[]; values: number[] }>;

function expectedLayers(): Map<string, Expected> {
  const named = JSON.parse(readFileSync(kind('expected.json'), 'utf8')) as [string, string][];
  const file = openRandomAccess(kind('expected.npz'));
  const arrays = new Map(openNpz(file, readZip(file)).tensors.map((tensor) => [tensor.name, tensor]));
  const found = new Map<string, Expected>();
  for (const [i, [path, layer]] of named.entries()) {
    const { shape, read } = arrays.get(String(i))!;
    found.set(path, { ...found.get(path), [layer]: { shape, values: [...read()] } });
  }
  file.close();
  return found;
}

const expected = expectedLayers();

describe('every layer and no other, with the values that the library says', () => {
  it.each([...expected.keys()])('%s', (file) => {
    const { layers } = readAll(kind(file));
    const wanted = expected.get(file)!;
    expect(Object.keys(layers).sort()).toEqual(Object.keys(wanted).sort());
    for (const [name, { shape, values }] of Object.entries(wanted)) {
      expect({ name, shape: layers[name]!.shape }).toEqual({ name, shape });
      const largest = Math.max(...values.map(Math.abs));
      const off = values.map((value, i) => Math.abs(value - layers[name]!.values[i]!) / largest);
      expect({ name, off: off.find((distance) => !(distance <= 1e-6)) ?? null }).toEqual({ name, off: null });
    }
  });
});

describe('what is no layer, and why', () => {
  const reasons: Record<string, Record<string, string | RegExp>> = {
    'module.pth': {
      'norm.weight': 'normalization',
      'lstm._flat_weights.0': 'computed from the parameters of its module',
    },
    'state.pth': { 'norm.weight': 'normalization' },
    'reparametrized_module.pth': {
      'pruned.weight': 'computed from its parts, which are put together',
      'pruned.weight_mask': 'part of pruned.weight',
    },
    'averages.pth': {
      'swa_model.module.0.weight': 'moving average of model.0.weight',
      'ema.shadow_params.0': 'moving average of model.0.weight',
    },
    'names.safetensors': {
      'layers.0.conv1d.weight': 'depthwise kernel: no matrix joins its channels',
      'ln.weight': 'normalization',
      'attn.bias_k': 'bias',
      'x.relative_coords_table': 'fixed table, not trained',
    },
    'scales.safetensors': {
      'zeros.weight_zero_point': 'zero points of quantized weights: of zeros.weight',
      'unfit.weight': 'its scale unfit.weight_scale of shape [5] does not fit [6, 8]',
      'bitnet.weight': /^values are uint8 with a scale and no zero point: packed in less than 8 bits/,
    },
    'adapter/adapter_model.safetensors': {
      'base_model.model.k.ia3_l': 'scale',
      'base_model.model.ada.lora_E': 'scale',
      'base_model.model.q.lora_magnitude_vector.weight': 'scale',
    },
    'layers.keras': {
      'norm/vars/0': 'normalization',
      'slopes/vars/0': 'scale',
      'with_bias/vars/1': 'bias',
      'spectral/vars/0': 'computed from the parameters of its module',
    },
    'layers.h5': {
      'model_weights/slopes/slopes/alpha': 'slope of an activation',
      'model_weights/spectral/spectral/vector_u': 'normalization',
    },
    'layers.weights.h5': {
      'layers/einsum_dense_1/vars/0': /an equation, which is not in this file: save the model as .keras$/,
    },
    'lstm_inputs.onnx': {
      h0: 'initial state of LSTM, no matrix of weights',
      P: 'peepholes of LSTM, no matrix of weights',
    },
    'blocks.onnx': {
      n: 'normalization',
      E: 'an input of Einsum, whose equation is not followed',
    },
  };
  it.each(Object.entries(reasons))('%s', (file, wanted) => {
    const { skipped } = readAll(kind(file));
    for (const [name, reason] of Object.entries(wanted)) {
      expect({ name, reason: skipped[name] }).toEqual({
        name,
        reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
      });
    }
  });

  it('marks the factors of adapters and the gates of recurrent layers', () => {
    const adapters = Object.values(readAll(kind('adapter/adapter_model.safetensors')).layers);
    expect(new Set(adapters.map((layer) => layer.kind))).toEqual(new Set(['adapter']));
    for (const file of ['module.pth', 'module_legacy.pth']) {
      const { layers } = readAll(kind(file));
      expect(layers['lstm.weight_hr_l0']!.kind).toBe('recurrent');
      expect(layers['bag.weight']!.kind).toBe('embedding');
    }
  });
});

describe('folders', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'kinds-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const found = (path: string): string[] => searchWeights(join(folder, path)).found.map(({ name }) => name);

  it('finds a model in the cache of the Hugging Face hub, whose snapshots are links', () => {
    write('models--a--b/blobs/1234', 'weights');
    mkdirSync(join(folder, 'models--a--b/snapshots/56'), { recursive: true });
    symlinkSync('../../blobs/1234', join(folder, 'models--a--b/snapshots/56/model.safetensors'));
    expect(found('models--a--b')).toEqual(['snapshots/56/model']);
  });

  it('finds files of torch.save that are called .pth.tar, with their epochs', () => {
    write('tar/checkpoint_0003.pth.tar', '3');
    write('tar/model_best.pth.tar', 'best');
    write('tar/sources.tar', 'sources');
    const search = searchWeights(join(folder, 'tar'));
    expect(search.found.map(({ name, epoch }) => [name, epoch])).toEqual([
      ['checkpoint_0003', 3],
      ['model_best', null],
    ]);
  });

  it('knows the index of a variant, and says which shards are missing', () => {
    const shards = { a: 'model.fp16-00001-of-00002.safetensors', b: 'model.fp16-00002-of-00002.safetensors' };
    const index = 'variant/model.safetensors.index.fp16.json';
    write(index, JSON.stringify({ weight_map: shards }));
    write(`variant/${shards.a}`, '');
    expect(found('variant')).toEqual(['model.safetensors.index.fp16']);
    expect(() => openWeights(join(folder, index))).toThrow(
      /must have all its 2 shards beside it, got 1: model.fp16-00002-of-00002.safetensors missing$/,
    );
  });

  it('says what an index lists and no shard holds', () => {
    const shard = 'names.safetensors';
    write(
      'index/model.safetensors.index.json',
      JSON.stringify({ weight_map: { 'fc.weight': shard, gone: shard } }),
    );
    symlinkSync(kind(shard), join(folder, 'index', shard));
    const { layers, skipped } = readAll(join(folder, 'index/model.safetensors.index.json'));
    expect(layers['fc.weight']).toBeDefined();
    expect(skipped.gone).toBe('listed by the index, but not in its shard');
  });

  it('names archives, pickles of joblib, and a model of ONNX Runtime', () => {
    // A directory of one empty member, and its end.
    const zipOf = (name: string): string => {
      const entry = Buffer.alloc(46 + name.length);
      entry.write('PK\x01\x02', 'latin1');
      entry.writeUInt16LE(name.length, 28);
      entry.write(name, 46, 'latin1');
      const local = Buffer.alloc(30 + name.length);
      local.write('PK\x03\x04', 'latin1');
      local.writeUInt16LE(name.length, 26);
      local.write(name, 30, 'latin1');
      const end = Buffer.alloc(22);
      end.write('PK\x05\x06', 'latin1');
      end.writeUInt16LE(1, 8);
      end.writeUInt16LE(1, 10);
      end.writeUInt32LE(entry.length, 12);
      end.writeUInt32LE(local.length, 16);
      return Buffer.concat([local, entry, end]).toString('latin1');
    };
    const refused = (name: string, content: string): (() => unknown) => {
      writeFileSync(join(folder, name), content, 'latin1');
      return () => openWeights(join(folder, name));
    };
    const exported = zipOf('model/data/weights/model_weights_config.json');
    expect(refused('model.pt2', exported)).toThrow(/got a program of torch.export, which is not read$/);
    expect(refused('package.pt', zipOf('model/.data/extern_modules'))).toThrow(/torch.package/);
    expect(refused('policy.zip', zipOf('policy.pth'))).toThrow(/got a zip archive without weights/);
    const joblib = '\x80\x04\x8c\x13joblib.numpy_pickle\x94\x8c\x11NumpyArrayWrapper\x94\x93.';
    expect(refused('forest.joblib', joblib)).toThrow(/must be a pickle, got joblib's format/);
    write('sb3.zip', 'PK\x05\x06'.padEnd(22, '\0'));
    expect(() => openWeights(join(folder, 'sb3.zip'))).toThrow(/got a zip archive without weights/);
    write('model.ort', ' \0\0\0ORTM'.padEnd(64, '\0'));
    expect(() => openWeights(join(folder, 'model.ort'))).toThrow(/got a model in ONNX Runtime's own format/);
  });
});
