import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { MAX_TENSORS } from '../../src/base/files/limits.ts';
import { memoryFile } from '../../src/base/files/randomAccessFile.ts';
import { ProtoMessage } from '../../src/base/protobuf/message.ts';
import { UserError } from '../../src/base/userError.ts';
import { openWeightsIndex } from '../../src/weights/formats/weightsIndex.ts';
import { putTogether } from '../../src/weights/joined/putTogether.ts';
import { classifyTensors } from '../../src/weights/layerRule.ts';
import { openWeights } from '../../src/weights/openWeights.ts';
import { storedTensor, unreadTensor } from '../../src/weights/tensors/storedTensor.ts';
import { fixture } from './fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

function read(name: string, bytes: Uint8Array | string): () => unknown {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return () => {
    const file = openWeights(path);
    try {
      return [...file.layers()].map((layer) => layer.read());
    } finally {
      file.close();
    }
  };
}

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const torch = (pickle: string, storage = new Uint8Array(16)): Uint8Array =>
  zipSync({ 'a/data.pkl': ascii(pickle), 'a/data/0': storage }, { level: 0 });

/** A pickle of the tensor (storage 0 of `elements` floats, offset, shape, strides). */
const tensorPickle = (elements: number, shape: number[], strides: number[]): string => {
  const int = (value: number): string => `I${value}\n`;
  const tuple = (values: number[]): string => `(${values.map(int).join('')}t`;
  const storage = `(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu${int(elements)}tQ`;
  return `\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(${storage}${int(0)}${tuple(shape)}${tuple(strides)}\x89NtRs.`;
};

describe('pickle', () => {
  it('reads the tensor that these tests build', () => {
    const [values] = read('good.pt', torch(tensorPickle(4, [2, 2], [2, 1])))() as Float32Array[];
    expect(values).toEqual(new Float32Array(4));
  });

  it.each([
    ['GLOBAL', "\x80\x02cposix\nsystem\n(S'touch FLAG'\ntR."],
    ['GLOBAL', '\x80\x02cposix\nsystem\n(X\x0a\0\0\0touch FLAGtR.'],
    ['STACK_GLOBAL', '\x80\x04\x8c\x08builtins\x8c\x04eval\x93(X\x05\0\0\x001+1+1tR.'],
    ['INST', '\x80\x02(X\x0a\0\0\0touch FLAGiposix\nsystem\n.'],
    ['OBJ', '\x80\x02(cposix\nsystem\nX\x0a\0\0\0touch FLAGo.'],
    ['EXT1', '\x80\x02\x82\x01.'],
    ['NEWOBJ', '\x80\x02ccollections\nOrderedDict\n)\x81.'],
    ['a getattr of an allowed module', '\x80\x02ctorch._utils\n_rebuild_tensor_v2.__globals__\n.'],
    ['a newline in a name', '\x80\x04\x8c\x05torch\x8c\x0fFloat\nStorage!!\x93.'],
  ])('runs nothing: %s', (_, pickle) => {
    const flag = join(folder, 'flag');
    // An inert stand-in takes its place: nothing happens, and nothing is found in it.
    const command = `touch ${flag}`;
    const length = String.fromCharCode(command.length);
    const armed = pickle
      .replaceAll('X\x0a\0\0\0touch FLAG', `X${length}\0\0\0${command}`)
      .replaceAll('touch FLAG', command);
    expect(read('evil.pt', torch(armed))()).toEqual([]);
    expect(existsSync(flag)).toBe(false);
  });

  it.each([
    ['an index outside of the storage', tensorPickle(4, [2, 2], [3, 1])],
    ['a negative stride', tensorPickle(4, [2, 2], [-2, 1])],
    ['a negative side', tensorPickle(4, [-2, -2], [2, 1])],
    ['a storage that is only claimed', tensorPickle(1e15, [1e7, 1e7], [1e7, 1])],
    ['no stop', '\x80\x02}'],
    ['an empty stack', '\x80\x02.'],
    ['a missing memo', '\x80\x02h\x05.'],
    ['a string that is only claimed', '\x80\x02X\xff\xff\xff\x7fa.'],
    ['a mark that is not set', '\x80\x02}u.'],
  ])('refuses %s', (_, pickle) => {
    const run = read('bad.pt', torch(pickle));
    expect(run).toThrow(UserError);
    expect(run).toThrow(/bad\.pt/);
  });

  it('passes over a tensor larger than its storage: it repeats its values', () => {
    expect(read('repeats.pt', torch(tensorPickle(4, [1000000, 1000000], [0, 0])))()).toEqual([]);
    expect(read('window.pt', torch(tensorPickle(4, [3, 2], [1, 1])))()).toEqual([]);
  });

  it('ends on containers that hold themselves or double themselves', () => {
    // l = []; l.append(l)
    expect(read('cycle.pt', torch('\x80\x02]q\x00h\x00a.'))()).toEqual([]);
    // Sixty lists, each of the one before, twice: 2^60 paths.
    let doubling = '\x80\x02]q\x00';
    for (let i = 0; i < 60; i++) {
      doubling += `](h${String.fromCharCode(i)}h${String.fromCharCode(i)}eq${String.fromCharCode(i + 1)}`;
    }
    expect(read('laughs.pt', torch(`${doubling}.`))()).toEqual([]);
  });
});

describe('JSON', () => {
  const nested = '['.repeat(2_000_000) + ']'.repeat(2_000_000);
  const length = (text: string): string => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(text.length);
    return bytes.toString('latin1');
  };

  it.each([
    ['deep.safetensors', (text: string) => ascii(length(text) + text)],
    ['deep.json', (text: string) => ascii(text)],
    [
      'deep.keras',
      (text: string) =>
        zipSync({ 'model.weights.h5': readFileSync(fixture('plain.h5')), 'config.json': ascii(text) }),
    ],
  ])('nested without end is refused: %s', (name, bytes) => {
    for (const text of [
      nested,
      `{"a":${nested}}`,
      `{"weightsManifest":[{"paths":[${nested}],"weights":[]}]}`,
    ]) {
      expect(read(name, bytes(text))).toThrow(UserError);
    }
  });
});

describe('archives', () => {
  it('judges a member by its size before it is opened', () => {
    const zeros = new Uint8Array(2 ** 27 + 1);
    zeros.set(ascii('\x80\x02}'));
    const zip = zipSync({ 'a/data.pkl': zeros }, { level: 9 });
    expect(read('packed.pt', zip)).toThrow(/data.pkl must unpack to at most 134217728 bytes, got 134217729$/);
    const keras = zipSync({ 'model.weights.h5': readFileSync(fixture('plain.h5')), 'config.json': zeros });
    expect(read('config.keras', keras)).toThrow(
      /config.json must have at most 16777216 bytes, got 134217729$/,
    );
  });

  it('unpacks a large member to the disk, and leaves nothing there', () => {
    const side = 3000;
    const temporary = join(folder, 'temporary');
    mkdirSync(temporary);
    vi.stubEnv('TMPDIR', temporary);
    const header = `{'descr': '<f8', 'fortran_order': False, 'shape': (${side}, ${side}), }`;
    const npy = new Uint8Array(10 + header.length + 8 * side * side);
    npy.set(ascii(`\x93NUMPY\x01\0${String.fromCharCode(header.length)}\0${header}`));
    npy.fill(0x3f, npy.length - 8);
    const zip = zipSync({ 'w.npy': npy, 'v.npy': npy }, { level: 1 });
    const layers = read('large.npz', zip)() as Float64Array[];
    expect(layers.map((values) => values.length)).toEqual([side * side, side * side]);
    expect(layers[1]!.at(-1)).toBe(new Float64Array(new Uint8Array(8).fill(0x3f).buffer)[0]);
    // The first entry's packed bytes end early.
    const cut = zip.slice();
    cut.fill(0, 2000, 4000);
    expect(read('cut.npz', cut)).toThrow(/w.npy must unpack to \d+ bytes, got/);
    expect(readdirSync(temporary)).toEqual([]);
    vi.unstubAllEnvs();
  });

  it('refuses sizes that are only claimed', () => {
    const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 100000), }";
    const npy = ascii(`\x93NUMPY\x01\0${String.fromCharCode(header.length)}\0${header}`);
    expect(read('huge.npy', npy)).toThrow(/must end at offset 80000000079, got 79 bytes/);
    const zip = zipSync({ 'w.npy': npy });
    expect(read('huge.npz', zip)).toThrow(/must end at offset 80000000079/);
    // The central directory says that the member unpacks to 4 GB.
    const at = Buffer.from(zip).lastIndexOf('PK\x01\x02');
    new DataView(zip.buffer).setUint32(at + 24, 0xfffffff0, true);
    expect(read('bomb.npz', zip)).toThrow(UserError);
  });

  it('refuses members that share their bytes', () => {
    const zip = zipSync({ 'a.npy': ascii('a'.repeat(500)), 'b.npy': ascii('b'.repeat(500)) });
    const at = Buffer.from(zip).lastIndexOf('PK\x01\x02');
    new DataView(zip.buffer).setUint32(at + 42, 0, true);
    expect(read('quine.npz', zip)).toThrow(/members must not overlap/);
  });

  it('refuses what is cut off, encrypted or packed by another method', () => {
    const zip = zipSync({ 'w.npy': ascii('x'.repeat(100)) });
    expect(read('cut.npz', zip.subarray(0, 60))).toThrow(/must be a whole zip archive/);
    const at = Buffer.from(zip).lastIndexOf('PK\x01\x02');
    const changed = (offset: number, value: number): Uint8Array => {
      const copy = zip.slice();
      copy[at + offset] = value;
      return copy;
    };
    expect(read('secret.npz', changed(8, 1))).toThrow(/must not be encrypted/);
    expect(read('lzma.npz', changed(10, 14))).toThrow(/must be stored or deflated, got method 14/);
  });
});

describe('ONNX', () => {
  const model = (tensor: ProtoMessage): Uint8Array =>
    new ProtoMessage().message(7, new ProtoMessage().message(5, tensor)).finish();
  const tensor = (dims: number[]): ProtoMessage => {
    const message = new ProtoMessage();
    for (const side of dims) message.int(1, side);
    return message.int(2, 1).string(8, 'w');
  };

  it('refuses shapes that do not fit the data', () => {
    expect(read('a.onnx', model(tensor([1e6, 1e6]).bytes(9, new Uint8Array(8))))).toThrow(
      /tensor w \(float32 \[1000000, 1000000\]\) must have 4000000000000 bytes, got 8 at offset/,
    );
    expect(read('b.onnx', model(tensor([-1, 2]).bytes(9, new Uint8Array(8))))).toThrow(/must have a shape/);
  });

  it.each(['../secret', '/etc/passwd', ''])('reads no external data from %j', (location) => {
    const entry = new ProtoMessage().string(1, 'location').string(2, location);
    const external = tensor([2, 2]).message(13, entry).int(14, 1);
    expect(read('c.onnx', model(external))).toThrow(/must lie beside the model/);
  });
});

describe('TensorFlow.js', () => {
  const model = (paths: unknown, weights: unknown): string =>
    JSON.stringify({ weightsManifest: [{ paths, weights }] });

  it.each([
    ['a path outside', model(['../x.bin'], []), 'must lie beside the model'],
    ['an absolute path', model(['/etc/passwd'], []), 'must lie beside the model'],
    ['no list', model(null, []), 'must have paths'],
    [
      'a size that is only claimed',
      model([], [{ name: 'w', shape: [1e5, 1e5], dtype: 'float32' }]),
      '0 bytes of its',
    ],
    ['a negative shape', model([], [{ name: 'w', shape: [-1], dtype: 'float32' }]), 'must have name, shape'],
    ['no manifest', '{}', 'must have a weightsManifest'],
    ['no JSON', '{', 'must be JSON'],
    ['JSON nested without end', '['.repeat(1e6), 'must be JSON'],
  ])('refuses %s', (_, json, message) => {
    const run = read('model.json', json);
    expect(run).toThrow(UserError);
    expect(run).toThrow(message);
  });
});

it('names the known formats for anything else', () => {
  expect(read('x.txt', 'hello')).toThrow(/x\.txt must be a weights file of a known format/);
  expect(read('empty.pt', '')).toThrow(UserError);
  expect(() => openWeights(join(folder, 'missing.pt'))).toThrow(
    /missing\.pt must be a readable file, got ENOENT/,
  );
});

it('makes no list as long as a file only claims', () => {
  const tensor = (name: string, shape: number[]): Parameters<typeof storedTensor>[0] => ({
    name,
    shape,
    dtype: 'float32',
    read: () => new Float32Array(),
  });
  const { layers, skipped } = classifyTensors([storedTensor(tensor('experts', [2 ** 40, 8, 8]))]);
  expect(layers).toEqual([]);
  expect(skipped).toEqual([{ name: 'experts', reason: 'more than 65536 matrices' }]);
  // Names that patterns could take the square of their length for.
  const names = ['gru/', 'ema.', 'dw_', 'lora_A.'].map((part) => part.repeat(1000));
  const many = names.flatMap((name) =>
    Array.from({ length: 200 }, (_, i) => storedTensor(tensor(name + i, [2, 3]))),
  );
  expect(classifyTensors(many).layers).toHaveLength(many.length);
});

it('joins no parts whose values cannot be had', () => {
  const weight = 'parametrizations.weight';
  const read = (): Float32Array => Float32Array.of(1, 2, 3, 4, 5, 6);
  const { tensors } = putTogether(
    [
      storedTensor({ name: `${weight}.original`, shape: [2, 3], dtype: 'float32', read }),
      unreadTensor({
        name: `${weight}.0._u`,
        shape: [2],
        dtype: 'unknown',
        unread: 'a storage of an unknown class',
      }),
      storedTensor({ name: `${weight}.0._v`, shape: [3], dtype: 'complex64', read }),
    ],
    { factor: () => null },
  );
  const joined = tensors.find(({ name }) => name === 'weight')!;
  expect(joined.notes).toEqual(['before its parametrization']);
  expect(joined.read()).toEqual(read());
});

it('refuses more tensors than any model has, before they take memory', () => {
  const entry = (i: number): string =>
    `"t${i}":{"dtype":"F32","shape":[1],"data_offsets":[${4 * i},${4 * i + 4}]}`;
  const header = `{${Array.from({ length: MAX_TENSORS + 1 }, (_, i) => entry(i)).join()}}`;
  const bytes = Buffer.alloc(8 + header.length + 4 * (MAX_TENSORS + 1));
  bytes.writeUInt32LE(header.length);
  bytes.write(header, 8, 'latin1');
  expect(read('many.safetensors', bytes)).toThrow(
    /many.safetensors must have at most 262144 tensors, got more/,
  );
});

it('counts tensors of all shards together, those that are passed over too', () => {
  const index = { weight_map: { a: 'one.safetensors', b: 'two.safetensors' } };
  const file = memoryFile('model.safetensors.index.json', ascii(JSON.stringify(index)));
  const skipped = new Array(MAX_TENSORS / 2 + 1).fill({ name: 'bias', reason: 'bias' });
  const open = () => ({ format: 'safetensors', tensors: [], skipped, close() {} });
  expect(() => openWeightsIndex(file, open)).toThrow(/must have at most 262144 tensors in its shards/);
});
