import { elementCount } from '../../../base/elementCount.ts';
import { ByteReader } from '../../../base/files/byteReader.ts';
import { checkCount, MAX_NAME_LENGTH, MAX_TENSORS } from '../../../base/files/limits.ts';
import type { RandomAccessFile } from '../../../base/files/randomAccessFile.ts';
import { storedTensor, unreadTensor } from '../../tensors/storedTensor.ts';
import type { StoredTensor, TensorFile } from '../../tensors/weightsFile.ts';
import { GGML_TYPES } from './ggmlBlocks.ts';

const MAGIC_BYTES = 4;
const ALIGNMENT_KEY = 'general.alignment';
const DEFAULT_ALIGNMENT = 32;
const MAX_DIMENSIONS = 8;
/** Lists in lists in the metadata; real files have none. */
const MAX_DEPTH = 4;
/** Value types of the metadata, with the bytes of those of fixed size. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
const UINT32 = 4;
const TEXT = 8;
const LIST = 9;
/** Metadata is text and token lists: tens of megabytes in real files. */
const MAX_TEXT_BYTES = 2 ** 30;

interface TensorInfo {
  name: string;
  shape: number[];
  type: number;
  offset: number;
}

/** Returns the tensors of a GGUF file (versions 2 and 3 of the format of llama.cpp); quantized ones are dequantized when they are read. */
export function openGguf(file: RandomAccessFile): TensorFile {
  const reader = new ByteReader(file, MAGIC_BYTES);
  const version = reader.u32('version');
  if (version !== 2 && version !== 3) {
    throw reader.error(`the version of GGUF must be 2 or 3, little-endian, got ${version}`, MAGIC_BYTES);
  }
  const tensorCount = reader.u64('number of tensors');
  const keyCount = reader.u64('number of keys');
  checkCount(file, 'tensors', tensorCount, MAX_TENSORS);
  checkCount(file, 'keys', keyCount);
  let alignment = DEFAULT_ALIGNMENT;
  for (let i = 0; i < keyCount; i++) {
    const key = reader.text(textLength(reader), 'key');
    const type = reader.u32('type of a value');
    if (key === ALIGNMENT_KEY && type === UINT32) alignment = reader.u32(ALIGNMENT_KEY);
    else skipValue(reader, type, 0);
  }
  if (!(alignment >= 1 && Number.isInteger(Math.log2(alignment)))) {
    throw reader.error(`${ALIGNMENT_KEY} must be a power of two, got ${alignment}`);
  }
  const infos = Array.from({ length: tensorCount }, () => readInfo(reader));
  const dataStart = Math.ceil(reader.offset / alignment) * alignment;
  return {
    format: 'GGUF',
    tensors: infos.map((info) => ggufTensor(file, info, dataStart)),
    skipped: [],
    close: file.close,
  };
}

function readInfo(reader: ByteReader): TensorInfo {
  const name = reader.text(textLength(reader, MAX_NAME_LENGTH), 'name');
  const dimensions = reader.u32('number of dimensions');
  checkCount(reader.file, 'dimensions', dimensions, MAX_DIMENSIONS);
  // The fastest axis comes first: PyTorch's shape turned round.
  const shape = Array.from({ length: dimensions }, () => reader.u64('size of a dimension')).reverse();
  return { name, shape, type: reader.u32('type'), offset: reader.u64('offset of a tensor') };
}

function textLength(reader: ByteReader, limit = MAX_TEXT_BYTES): number {
  const length = reader.u64('length of a text');
  checkCount(reader.file, 'bytes of a text', length, limit);
  return length;
}

function skipValue(reader: ByteReader, type: number, depth: number): void {
  const bytes = FIXED_BYTES[type];
  if (bytes !== undefined) reader.skip(bytes, 'value');
  else if (type === TEXT) reader.skip(textLength(reader), 'text');
  else if (type === LIST && depth < MAX_DEPTH) {
    const itemType = reader.u32('type of a list');
    const count = reader.u64('length of a list');
    const itemBytes = FIXED_BYTES[itemType];
    if (itemBytes !== undefined) reader.skip(count * itemBytes, 'list');
    else for (let i = 0; i < count; i++) skipValue(reader, itemType, depth + 1);
  } else throw reader.error(`the type of a value must be 0 to 12, got ${type}`, reader.offset - 4);
}

function ggufTensor(
  file: RandomAccessFile,
  { name, shape, type, offset }: TensorInfo,
  dataStart: number,
): StoredTensor {
  const known = GGML_TYPES[type];
  if (known === undefined)
    return unreadTensor({
      name,
      shape,
      dtype: `GGML type ${type}`,
      unread: `values are of GGML type ${type}, which is not read`,
    });
  const { dtype, blockValues, blockBytes, decode } = known;
  if (decode === null) {
    const unread = `values are ${dtype}, which is not read: convert them with llama-quantize --allow-requantize FILE out.gguf F16`;
    return unreadTensor({ name, shape, dtype, unread });
  }
  const elements = elementCount(shape);
  const bytes = (elements / blockValues) * blockBytes;
  const start = dataStart + offset;
  const error = (problem: string) =>
    new ByteReader(file).error(`tensor ${name} (${dtype} [${shape.join(', ')}]) ${problem},`, start);
  if (elements > 0 && (shape.at(-1) ?? 1) % blockValues !== 0)
    throw error(`must have rows of whole blocks of ${blockValues} values`);
  if (!(start + bytes <= file.size))
    throw error(`must lie in the file's ${file.size} bytes, got ${bytes} bytes`);
  let step = 0;
  const isQuantized = blockValues > 1;
  return storedTensor({
    name,
    shape,
    dtype,
    dequantized: isQuantized,
    rounding: isQuantized ? () => ({ significantBits: 53, step }) : null,
    notes: isQuantized ? [`dequantized from ${dtype}`] : [],
    read: () => {
      const decoded = decode(file.read(start, bytes, `tensor ${name}`));
      step = decoded.step;
      return decoded.values;
    },
  });
}
