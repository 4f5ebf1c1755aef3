import { ByteReader } from '../../../base/files/byteReader.ts';
import type { RandomAccessFile } from '../../../base/files/randomAccessFile.ts';
import { type Hdf5Message, MESSAGE, readAddress, readSized } from './header.ts';

/** A step that was applied to each chunk when it was written. */
export interface Hdf5Filter {
  id: number;
  values: readonly number[];
}

export type Hdf5Layout =
  | { kind: 'contiguous'; offset: number; bytes: number }
  | {
      kind: 'chunked';
      index: 'tree' | 'single' | 'implicit';
      address: number;
      chunk: readonly number[];
      bytes: number | null;
    }
  | { kind: 'none'; reason: string };

export interface Hdf5Dataset {
  shape: readonly number[];
  /** A FloatDtype, or what the elements are instead. */
  dtype: string;
  itemBytes: number;
  bigEndian: boolean;
  layout: Hdf5Layout;
  filters: readonly Hdf5Filter[];
  /** Bytes of the element that stands where nothing was written; null: zeros. */
  fill: Uint8Array | null;
}

/** Data type classes of the specification. */
const CLASS_NAMES = [
  'integers',
  'floats',
  'times',
  'strings',
  'bit fields',
  'opaque values',
  'records',
  'references',
  'an enumeration',
  'values of varying length',
  'arrays',
] as const;
const INTEGER_CLASS = 0;
const SIGNED_BIT = 8;
const FLOAT_CLASS = 1;
const OPAQUE_CLASS = 5;

const SAVE_OLDER = 'save the file again without libver="latest"';

/** Exponent and mantissa bits of the float types that are read. */
const FLOATS: Readonly<Record<string, string>> = {
  '2:5:10': 'float16',
  '2:8:7': 'bfloat16',
  '4:8:23': 'float32',
  '8:11:52': 'float64',
};

/** Returns what the messages of an object header say of a data set, or null for an object that is none. */
export function readDataset(file: RandomAccessFile, messages: readonly Hdf5Message[]): Hdf5Dataset | null {
  const find = (type: number): ByteReader | null => {
    const message = messages.find((candidate) => candidate.type === type);
    return message === undefined ? null : new ByteReader(file, message.offset, message.offset + message.size);
  };
  const dataspace = find(MESSAGE.dataspace);
  const datatype = find(MESSAGE.datatype);
  const layout = find(MESSAGE.layout);
  if (dataspace === null || datatype === null || layout === null) return null;
  const filters = find(MESSAGE.filters);
  const fill = find(MESSAGE.fill);
  return {
    shape: readShape(dataspace),
    ...readDatatype(datatype),
    layout: readLayout(layout),
    filters: filters === null ? [] : readFilters(filters),
    fill: fill === null ? null : readFill(fill),
  };
}

function readShape(reader: ByteReader): number[] {
  const version = reader.u8('data space');
  if (version !== 1 && version !== 2) {
    throw reader.error(`the version of a data space must be 1 or 2, got ${version}`, reader.offset - 1);
  }
  const rank = reader.u8('number of dimensions');
  reader.skip(version === 1 ? 6 : 2, 'data space');
  return Array.from({ length: rank }, () => reader.u64('size of a dimension'));
}

function readDatatype(reader: ByteReader): { dtype: string; itemBytes: number; bigEndian: boolean } {
  const classCode = reader.u8('data type') & 0x0f;
  const bits = reader.u8('byte order');
  reader.skip(2, 'data type');
  const itemBytes = reader.u32('size of an element');
  const other = CLASS_NAMES[classCode] ?? `class ${classCode}`;
  // HDF5 has no bfloat16: NumPy's arrays of it, and so Keras's, are written as pairs of bytes of nothing known.
  if (classCode === OPAQUE_CLASS && itemBytes === 2) {
    return { dtype: 'bfloat16', itemBytes, bigEndian: false };
  }
  const bigEndian = (bits & 1) !== 0;
  if (classCode === INTEGER_CLASS) {
    return { dtype: `${(bits & SIGNED_BIT) === 0 ? 'u' : ''}int${8 * itemBytes}`, itemBytes, bigEndian };
  }
  if (classCode !== FLOAT_CLASS) return { dtype: other, itemBytes, bigEndian: false };
  reader.skip(5, 'float');
  const exponent = reader.u8('exponent');
  reader.skip(1, 'float');
  const mantissa = reader.u8('mantissa');
  const dtype = FLOATS[`${itemBytes}:${exponent}:${mantissa}`] ?? `floats of ${itemBytes} bytes`;
  return { dtype, itemBytes, bigEndian };
}

function readLayout(reader: ByteReader): Hdf5Layout {
  const version = reader.u8('layout');
  if (version !== 3 && version !== 4)
    return {
      kind: 'none',
      reason: `data layout of version ${version}${version > 4 ? `: ${SAVE_OLDER}` : ''}`,
    };
  const layoutClass = reader.u8('class of the layout');
  if (layoutClass === 0) {
    const bytes = reader.u16('size of the data');
    return { kind: 'contiguous', offset: reader.offset, bytes };
  }
  if (layoutClass === 1) {
    const offset = readAddress(reader, 'address of the data');
    if (offset === null) return { kind: 'none', reason: 'no values are stored' };
    return { kind: 'contiguous', offset, bytes: reader.u64('size of the data') };
  }
  if (layoutClass !== 2) return { kind: 'none', reason: `data layout of class ${layoutClass}` };
  return version === 3 ? readChunks3(reader) : readChunks4(reader);
}

function readChunks3(reader: ByteReader): Hdf5Layout {
  const rank = reader.u8('dimensions of a chunk') - 1;
  const address = readAddress(reader, 'address of the chunks');
  if (address === null) return { kind: 'none', reason: 'no values are stored' };
  const chunk = Array.from({ length: Math.max(0, rank) }, () => reader.u32('size of a chunk'));
  return { kind: 'chunked', index: 'tree', address, chunk, bytes: null };
}

/** The chunk indexes of newer files; of those only the two without an index of their own are read. */
function readChunks4(reader: ByteReader): Hdf5Layout {
  const flags = reader.u8('flags of the chunks');
  const rank = reader.u8('dimensions of a chunk') - 1;
  const sizeBytes = reader.u8('bytes of a chunk size');
  const chunk = Array.from({ length: Math.max(0, rank) }, () =>
    readSized(reader, sizeBytes, 'size of a chunk'),
  );
  reader.skip(sizeBytes, 'size of an element');
  const index = reader.u8('kind of chunk index');
  if (index !== 1 && index !== 2) {
    return {
      kind: 'none',
      reason: `chunk index of a newer kind: ${SAVE_OLDER}`,
    };
  }
  let bytes: number | null = null;
  if (index === 1 && (flags & 2) !== 0) {
    bytes = reader.u64('size of the chunk');
    reader.skip(4, 'filter mask');
  }
  const address = readAddress(reader, 'address of the chunks');
  if (address === null) return { kind: 'none', reason: 'no values are stored' };
  return { kind: 'chunked', index: index === 1 ? 'single' : 'implicit', address, chunk, bytes };
}

/** The fill value message of version 1 to 3: null where none is set. */
function readFill(reader: ByteReader): Uint8Array | null {
  const version = reader.u8('fill value');
  let isDefined = true;
  if (version >= 3) isDefined = (reader.u8('flags of the fill value') & 0x20) !== 0;
  else {
    reader.skip(2, 'fill value');
    const flag = reader.u8('fill value');
    isDefined = version === 1 || flag !== 0;
  }
  if (!isDefined) return null;
  const bytes = reader.u32('size of the fill value');
  return bytes === 0 ? null : reader.bytes(bytes, 'fill value');
}

function readFilters(reader: ByteReader): Hdf5Filter[] {
  const version = reader.u8('filters');
  const count = reader.u8('number of filters');
  if (version === 1) reader.skip(6, 'filters');
  return Array.from({ length: count }, () => {
    const id = reader.u16('filter');
    const nameBytes = version === 1 || id >= 256 ? reader.u16('length of the name') : 0;
    reader.skip(2, 'flags of a filter');
    const valueCount = reader.u16('number of filter values');
    reader.skip(version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes, 'name of a filter');
    const values = Array.from({ length: valueCount }, () => reader.u32('filter value'));
    if (version === 1 && valueCount % 2 === 1) reader.skip(4, 'padding');
    return { id, values };
  });
}
