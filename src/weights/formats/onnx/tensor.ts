import { dirname, isAbsolute, join } from 'node:path';
import { elementCount } from '../../../base/elementCount.ts';
import { checkCount } from '../../../base/files/limits.ts';
import { openRandomAccess, type RandomAccessFile } from '../../../base/files/randomAccessFile.ts';
import { type ProtobufField, packedVarints, protobufFields } from '../../../base/protobuf/fields.ts';
import { UserError } from '../../../base/userError.ts';
import { decodeNumbers, isNumberDtype, NUMBER_BYTES, readNumbers } from '../../tensors/floatBytes.ts';
import type { NumberDtype } from '../../tensors/weightsFile.ts';

/** TensorProto.DataType of onnx.proto. */
const DTYPES: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'strings',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
  17: 'float8_e4m3fn',
  18: 'float8_e4m3fnuz',
  19: 'float8_e5m2',
  20: 'float8_e5m2fnuz',
  21: 'uint4',
  22: 'int4',
  23: 'float4',
};

/** Field numbers of TensorProto. */
const FIELD = {
  dims: 1,
  dataType: 2,
  floatData: 4,
  int32Data: 5,
  int64Data: 7,
  name: 8,
  rawData: 9,
  doubleData: 10,
  uint64Data: 11,
  externalData: 13,
  dataLocation: 14,
} as const;
const EXTERNAL = 1n;
/** Numbers of axes beyond this are no tensor of a network. */
const MAX_DIMENSIONS = 64;
/** A 16-bit float in int32_data is a varint of one to ten bytes. */
const MAX_VARINT_BYTES = 10;

interface Section {
  start: number;
  end: number;
}

export interface OnnxTensor {
  name: string;
  shape: number[];
  dtype: string;
  read(): Float32Array | Float64Array;
}

/** Returns the tensor whose TensorProto lies between two offsets; a size that does not fit its shape is a UserError. */
export function readOnnxTensor(file: RandomAccessFile, start: number, end: number): OnnxTensor {
  const shape: number[] = [];
  const sections: Record<'raw' | 'typed' | 'int32', Section[]> = { raw: [], typed: [], int32: [] };
  const external = new Map<string, string>();
  let name = '';
  let dataType = 0;
  let isExternal = false;
  for (const field of protobufFields(file, start, end)) {
    switch (field.number) {
      case FIELD.dims:
        for (const side of dimensions(file, field)) shape.push(side);
        checkCount(file, 'sides in a shape', shape.length, MAX_DIMENSIONS);
        break;
      case FIELD.dataType:
        dataType = Number(field.value);
        break;
      case FIELD.name:
        name = readText(file, field);
        break;
      case FIELD.rawData:
        sections.raw.push(field);
        break;
      case FIELD.floatData:
      case FIELD.doubleData:
        sections.typed.push(field);
        break;
      case FIELD.int32Data:
      case FIELD.int64Data:
      case FIELD.uint64Data:
        sections.int32.push(field);
        break;
      case FIELD.externalData:
        addEntry(file, field, external);
        break;
      case FIELD.dataLocation:
        isExternal = field.value === EXTERNAL;
        break;
    }
    const { raw, typed, int32 } = sections;
    checkCount(file, 'parts of a tensor', raw.length + typed.length + int32.length);
  }
  if (!shape.every(Number.isSafeInteger)) {
    throw new UserError(
      `${file.path}: tensor ${name} at offset ${start} must have a shape, got [${shape.slice(0, 8)}]`,
    );
  }
  const dtype = DTYPES[dataType] ?? `data type ${dataType}`;
  const read = isNumberDtype(dtype)
    ? floatReader(file, name, dtype, shape, sections, isExternal ? external : null)
    : () => {
        throw new TypeError(`tensor ${name} must hold floats, got ${dtype}`);
      };
  return { name, shape, dtype, read };
}

function dimensions(file: RandomAccessFile, field: ProtobufField): number[] {
  const packed = field.end > field.start;
  if (packed && field.end - field.start > MAX_DIMENSIONS * MAX_VARINT_BYTES) {
    throw new UserError(
      `${file.path}: the shape at offset ${field.start} must have at most ${MAX_DIMENSIONS} sides`,
    );
  }
  return (packed ? packedVarints(file, field.start, field.end) : [field.value]).map(Number);
}

function floatReader(
  file: RandomAccessFile,
  name: string,
  dtype: NumberDtype,
  shape: readonly number[],
  { raw, typed, int32 }: Record<'raw' | 'typed' | 'int32', Section[]>,
  external: ReadonlyMap<string, string> | null,
): () => Float32Array | Float64Array {
  const elements = elementCount(shape);
  const bytes = elements * NUMBER_BYTES[dtype];
  const what = `tensor ${name} (${dtype} [${shape.join(', ')}])`;
  if (external !== null) return externalReader(file, what, dtype, bytes, external);
  const sections = raw.length > 0 ? raw : typed;
  const found = sections.reduce((sum, { start, end }) => sum + end - start, 0);
  if (found === 0 && int32.length > 0) {
    const packedBytes = int32.reduce((sum, { start, end }) => sum + Math.max(1, end - start), 0);
    if (elements > packedBytes) {
      throw new UserError(
        `${file.path}: ${what} must have ${elements} values, got ${packedBytes} bytes of them`,
      );
    }
    return () => {
      const bits = int32.flatMap(({ start, end }) => packedVarints(file, start, end));
      if (bits.length !== elements) {
        throw new UserError(`${file.path}: ${what} must have ${elements} values, got ${bits.length}`);
      }
      return decodeNumbers(dtype, packed(bits, NUMBER_BYTES[dtype]));
    };
  }
  if (found !== bytes) {
    throw new UserError(
      `${file.path}: ${what} must have ${bytes} bytes, got ${found} at offset ${sections[0]?.start ?? 'none'}`,
    );
  }
  return () => {
    const data = new Uint8Array(bytes);
    let at = 0;
    for (const { start, end } of sections) {
      data.set(file.read(start, end - start, what), at);
      at += end - start;
    }
    return decodeNumbers(dtype, data);
  };
}

/** Returns the low bytes of each number: a negative one is a varint of 64 bits. */
function packed(bits: readonly bigint[], itemBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(bits.length * itemBytes);
  for (const [i, value] of bits.entries()) {
    for (let byte = 0; byte < itemBytes; byte++) {
      bytes[i * itemBytes + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
    }
  }
  return bytes;
}

/** Values in a file beside the model: location, offset and length stand in the model. */
function externalReader(
  file: RandomAccessFile,
  what: string,
  dtype: NumberDtype,
  bytes: number,
  entries: ReadonlyMap<string, string>,
): () => Float32Array | Float64Array {
  const location = entries.get('location') ?? '';
  const offset = Number(entries.get('offset') ?? 0);
  if (location === '' || isAbsolute(location) || location.split(/[/\\]/).includes('..')) {
    throw new UserError(
      `${file.path}: the data of ${what} must lie beside the model, got ${location || 'no place'}`,
    );
  }
  const length = Number(entries.get('length') ?? bytes);
  if (length !== bytes) throw new UserError(`${file.path}: ${what} must have ${bytes} bytes, got ${length}`);
  const path = join(dirname(file.path), location);
  const withData = <T>(use: (data: RandomAccessFile) => T): T => {
    const data = openRandomAccess(path);
    try {
      return use(data);
    } finally {
      data.close();
    }
  };
  // The last byte alone: a file that is cut off is found before the layer is asked for.
  withData((data) => data.read(offset + bytes - Math.min(1, bytes), Math.min(1, bytes), what));
  return () =>
    withData((data) => readNumbers(data, dtype, { offset, count: bytes / NUMBER_BYTES[dtype] }, what));
}

function addEntry(file: RandomAccessFile, message: ProtobufField, entries: Map<string, string>): void {
  let key = '';
  let value = '';
  for (const field of protobufFields(file, message.start, message.end)) {
    if (field.number === 1) key = readText(file, field);
    if (field.number === 2) value = readText(file, field);
  }
  entries.set(key, value);
}

/** Returns the text of a string field. */
export const readText = (file: RandomAccessFile, { start, end }: Section): string =>
  new TextDecoder().decode(file.read(start, end - start, 'text'));
