import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { TENSOR_DTYPES } from '../../../src/base/safetensors/dtype.ts';
import {
  openSafetensors,
  readSafetensors,
  type Tensor,
  type TensorDtype,
  writeSafetensors,
} from '../../../src/base/safetensors/safetensors.ts';
import { UserError } from '../../../src/base/userError.ts';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
const path = join(folder, 'x.safetensors');
afterAll(() => rmSync(folder, { recursive: true }));
const REFERENCE = new URL('../../fixtures/weights/numpy.safetensors', import.meta.url).pathname;

function arrayOf(dtype: TensorDtype, values: number[]): Tensor['data'] {
  const integers = values.map(Math.trunc);
  switch (dtype) {
    case 'F64':
      return Float64Array.from(values);
    case 'F32':
    case 'F16':
    case 'BF16':
      return Float32Array.from(integers);
    case 'I64':
      return BigInt64Array.from(integers.map(BigInt));
    case 'U64':
      return BigUint64Array.from(integers.map(BigInt));
    case 'I32':
      return Int32Array.from(integers);
    case 'U32':
      return Uint32Array.from(integers);
    case 'I16':
      return Int16Array.from(integers);
    case 'U16':
      return Uint16Array.from(integers);
    case 'I8':
      return Int8Array.from(integers);
    default:
      return Uint8Array.from(integers);
  }
}

const tensor: fc.Arbitrary<Tensor> = fc
  .tuple(fc.constantFrom(...TENSOR_DTYPES), fc.array(fc.nat(4), { maxLength: 3 }))
  .chain(([dtype, shape]) => {
    const length = shape.reduce((product, side) => product * side, 1);
    return fc
      .array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: length, maxLength: length })
      .map((values) => ({ dtype, shape, data: arrayOf(dtype, values) }));
  });

describe('writeSafetensors', () => {
  it('writes the bytes of the reference implementation', () => {
    const { tensors, metadata } = readSafetensors(REFERENCE);
    writeSafetensors(path, new Map([...tensors].reverse()), metadata);
    expect(readFileSync(path)).toEqual(readFileSync(REFERENCE));
    expect(tensors.get('h')).toEqual({
      dtype: 'F16',
      shape: [3],
      data: Float32Array.of(-0.6650390625, 0.3515625, 0.9033203125),
    });
    expect(tensors.get('i')!.data).toEqual(BigInt64Array.of(-1n, 2n ** 40n));
    expect(tensors.get('s')).toEqual({ dtype: 'F32', shape: [], data: Float32Array.of(3.5) });
  });

  it('gives back what was written', () => {
    const names = fc.string().filter((name) => name !== '__metadata__');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(names, tensor), { maxLength: 5 }),
        fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
        (entries, metadata) => {
          const tensors = new Map(entries);
          writeSafetensors(path, tensors, metadata);
          const back = readSafetensors(path);
          expect(new Map([...back.tensors].sort())).toEqual(new Map([...tensors].sort()));
          expect(Object.entries(back.metadata).sort()).toEqual(Object.entries(metadata).sort());
        },
      ),
    );
  });

  it('refuses data that do not fit the shape or the dtype, and leaves nothing behind', () => {
    const write = (given: Tensor) => () => writeSafetensors(join(folder, 'bad'), new Map([['a', given]]));
    expect(write({ dtype: 'F32', shape: [2], data: new Float32Array(3) })).toThrow(
      'must have 2 values, got 3',
    );
    expect(write({ dtype: 'F32', shape: [2], data: new Float64Array(2) })).toThrow('must be a Float32Array');
    expect(readdirSync(folder)).not.toContain('bad');
  });
});

describe('openSafetensors', () => {
  it('reads one tensor at a time', () => {
    const file = openSafetensors(REFERENCE);
    expect(file.info('fc1/kernel')).toMatchObject({ dtype: 'F32', shape: [5, 3], bytes: 60 });
    expect(file.read('fc1/kernel').data[0]).toBeCloseTo(0.1257302165031433, 15);
    expect(() => file.read('nope')).toThrow(/unknown tensor .* nope \(known: /);
    file.close();
  });

  const header = (json: string, data = 0): Uint8Array => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(json)));
    return Buffer.concat([length, Buffer.from(json), Buffer.alloc(data)]);
  };
  const entry = (dtype: string, shape: unknown, offsets: unknown): string =>
    JSON.stringify({ a: { dtype, shape, data_offsets: offsets } });

  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(), "header length must lie in the file's 0 bytes"],
    ['a huge header', Buffer.from('ffffffffffffff7f', 'hex'), 'must be at most 0, got 9223372036854775807'],
    ['no JSON', header('{"a":'), 'header at offset 8 must be JSON'],
    ['a list', header('[]'), 'must be a JSON object'],
    [
      'a dtype that is none',
      header(entry('F'.repeat(40), [1], [0, 1]), 1),
      'dtype of tensor "a" in the header must be a short text',
    ],
    ['a negative side', header(entry('F32', [-1], [0, 4]), 4), 'must be a list of counts, got [-1]'],
    ['a wrong size', header(entry('F32', [2], [0, 4]), 4), '8 bytes apart (F32 [2]), got [0,4]'],
    ['data past the end', header(entry('F32', [2], [0, 8]), 4), 'at most 4, where the file ends, got [0,8]'],
    ['a hole', header(entry('F32', [1], [4, 8]), 8), 'must start at offset'],
    ['trailing bytes', header(entry('F32', [1], [0, 4]), 5), 'must end with its last tensor'],
    ['an overflowing shape', header(entry('F32', [2 ** 40, 2 ** 40, 0, 9], [0, 4]), 4), '0 bytes apart'],
    ['bad metadata', header('{"__metadata__":[1]}'), '__metadata__ in the header must be an object'],
    [
      'an overlap',
      header(
        '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}',
        4,
      ),
      'tensor "b" must start at offset',
    ],
  ])('refuses %s', (_, bytes, message) => {
    writeFileSync(path, bytes);
    expect(() => openSafetensors(path)).toThrow(UserError);
    expect(() => openSafetensors(path)).toThrow(message);
  });

  it('lists a tensor of a newer dtype and reads the others', () => {
    const newer =
      '{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}';
    writeFileSync(path, header(newer, 2));
    const file = openSafetensors(path);
    expect(file.info('a')).toMatchObject({ dtype: 'F4', shape: [2], bytes: 1 });
    expect(() => file.read('a')).toThrow(/dtype of tensor a must be one of .*, got F4/);
    expect(file.read('b').data).toEqual(new Uint8Array(1));
    file.close();
  });

  it('takes metadata that are no strings as text', () => {
    writeFileSync(path, header('{"__metadata__":{"step":3,"config":{"a":1}}}'));
    const file = openSafetensors(path);
    expect(file.metadata).toEqual({ step: '3', config: '{"a":1}' });
    file.close();
  });

  it('refuses every truncation', () => {
    const whole = readFileSync(REFERENCE);
    for (let length = 0; length < whole.length; length += 7) {
      writeFileSync(path, whole.subarray(0, length));
      expect(() => openSafetensors(path)).toThrow(UserError);
    }
  });

  it('names a missing file and a folder', () => {
    expect(() => openSafetensors(join(folder, 'missing'))).toThrow(
      /missing must be a readable file, got ENOENT/,
    );
    expect(() => openSafetensors(folder)).toThrow(/must be a regular file, got a folder/);
  });
});
