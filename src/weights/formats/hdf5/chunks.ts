import { inflateSync } from 'node:zlib';
import { elementCount } from '../../../base/elementCount.ts';
import { ByteReader } from '../../../base/files/byteReader.ts';
import { checkCount, meteredFile } from '../../../base/files/limits.ts';
import type { RandomAccessFile } from '../../../base/files/randomAccessFile.ts';
import { UserError } from '../../../base/userError.ts';
import type { Hdf5Dataset, Hdf5Filter, Hdf5Layout } from './dataset.ts';
import { leavesOf } from './groups.ts';

const CHUNK_TREE = 1;
const DEFLATE = 1;
const SHUFFLE = 2;
const FLETCHER32 = 3;
const CHECKSUM_BYTES = 4;
/** Size of a data set that is not wholly written. */
const MAX_UNWRITTEN_BYTES = 2 ** 28;
/** Deflate packs at most 1032 bytes into one. */
const MAX_DEFLATE_RATIO = 1032;
const FILTER_NAMES: Readonly<Record<number, string>> = {
  4: 'szip',
  5: 'n-bit',
  6: 'scale-offset',
  32000: 'lzf',
  32001: 'blosc',
  32015: 'zstd',
};

interface StoredChunk {
  /** Index of the first element in each dimension. */
  start: readonly number[];
  address: number;
  bytes: number;
  /** Filters that were left out for this chunk, a bit each. */
  filterMask: number;
}

type ChunkedLayout = Extract<Hdf5Layout, { kind: 'chunked' }>;

/** Returns why the filters of a data set cannot be undone, or null when they can. */
export function unreadFilter(filters: readonly Hdf5Filter[]): string | null {
  const unknown = filters.find(({ id }) => ![DEFLATE, SHUFFLE, FLETCHER32].includes(id));
  return unknown === undefined
    ? null
    : `compressed with ${FILTER_NAMES[unknown.id] ?? `filter ${unknown.id}`}, which is not read`;
}

/** Returns the elements of a chunked data set, row-major, the fill value where none were written; chunks that are doubled or too short are a UserError. */
export function readChunked(
  file: RandomAccessFile,
  name: string,
  dataset: Hdf5Dataset,
  layout: ChunkedLayout,
): Uint8Array<ArrayBuffer> {
  const { shape, itemBytes, filters } = dataset;
  const { chunk } = layout;
  const fail = (message: string): never => {
    throw new UserError(`${file.path}: data set ${name} ${message}`);
  };
  if (chunk.length !== shape.length || chunk.includes(0)) {
    fail(`must have chunks of ${shape.length} dimensions, got [${chunk.join(', ')}]`);
  }
  const grid = shape.map((side, axis) => Math.ceil(side / chunk[axis]!));
  const expected = elementCount(grid);
  const chunkBytes = elementCount(chunk) * itemBytes;
  const chunks = listChunks(file, layout, grid, chunkBytes);
  const stored = chunks.reduce((sum, { bytes }) => sum + bytes, 0);
  const ratio = filters.some(({ id }) => id === DEFLATE) ? MAX_DEFLATE_RATIO : 1;
  if (chunks.length > expected) fail(`must have at most ${expected} chunks, got ${chunks.length}`);
  if (chunkBytes * chunks.length > stored * ratio) {
    fail(`must have chunks of ${chunkBytes} bytes, got ${stored} stored ones in ${chunks.length} chunks`);
  }
  const bytes = elementCount(shape) * itemBytes;
  // What was never written takes no bytes: a small file may claim any size.
  if (chunks.length < expected && bytes > Math.max(MAX_UNWRITTEN_BYTES, stored * ratio)) {
    fail(`must have its ${expected} chunks written, got ${chunks.length}`);
  }
  const values = filled(bytes, dataset.fill, itemBytes);
  const written = new Set<string>();
  for (const { start, address, bytes, filterMask } of chunks) {
    const inGrid = start.every((index, axis) => index % chunk[axis]! === 0 && index < shape[axis]!);
    if (!inGrid || written.has(start.join()))
      fail(`must have each chunk once, got one at [${start.join(', ')}]`);
    written.add(start.join());
    const packed = file.read(address, bytes, `chunk of ${name}`);
    const unpacked = undoFilters(file, name, packed, filters, filterMask, itemBytes, chunkBytes);
    placeChunk(values, shape, unpacked, chunk, start, itemBytes);
  }
  return values;
}

/** Returns bytes that hold the fill value over and over, or zeros. */
function filled(bytes: number, fill: Uint8Array | null, itemBytes: number): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(bytes);
  if (fill === null || fill.length !== itemBytes || fill.every((byte) => byte === 0)) return values;
  for (let at = 0; at < bytes; at += itemBytes) values.set(fill, at);
  return values;
}

function listChunks(
  file: RandomAccessFile,
  layout: ChunkedLayout,
  grid: readonly number[],
  chunkBytes: number,
): StoredChunk[] {
  const { address, chunk } = layout;
  if (layout.index === 'single') {
    return [{ start: grid.map(() => 0), address, bytes: layout.bytes ?? chunkBytes, filterMask: 0 }];
  }
  if (layout.index === 'implicit') {
    const count = elementCount(grid);
    checkCount(file, 'chunks', count);
    // Checked before the list is made: its length is only claimed.
    if (count * chunkBytes > file.size) {
      throw new UserError(
        `${file.path}: ${count} chunks of ${chunkBytes} bytes must lie in the file, got ${file.size}`,
      );
    }
    return Array.from({ length: count }, (_, number) => {
      let rest = number;
      const start = grid.map(() => 0);
      for (let axis = grid.length - 1; axis >= 0; axis--) {
        start[axis] = (rest % grid[axis]!) * chunk[axis]!;
        rest = Math.floor(rest / grid[axis]!);
      }
      return { start, address: address + number * chunkBytes, bytes: chunkBytes, filterMask: 0 };
    });
  }
  // A key: bytes, filter mask, then the offset in each dimension and in the element.
  const keyBytes = 8 + 8 * (chunk.length + 1);
  const headers = meteredFile(file);
  return leavesOf(headers, address, CHUNK_TREE, keyBytes).map(({ key, child }) => {
    const reader = new ByteReader(headers, key, key + keyBytes);
    const bytes = reader.u32('size of a chunk');
    const filterMask = reader.u32('filter mask');
    return { start: chunk.map(() => reader.u64('offset of a chunk')), address: child, bytes, filterMask };
  });
}

function undoFilters(
  file: RandomAccessFile,
  name: string,
  packed: Uint8Array,
  filters: readonly Hdf5Filter[],
  mask: number,
  itemBytes: number,
  chunkBytes: number,
): Uint8Array {
  let bytes = packed;
  for (let i = filters.length - 1; i >= 0; i--) {
    if ((mask & (1 << i)) !== 0) continue;
    const { id } = filters[i]!;
    if (id === DEFLATE) bytes = inflate(file, name, bytes, chunkBytes + CHECKSUM_BYTES);
    else if (id === SHUFFLE) bytes = unshuffle(bytes, itemBytes);
    else bytes = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES));
  }
  if (bytes.length !== chunkBytes) {
    throw new UserError(
      `${file.path}: a chunk of ${name} must have ${chunkBytes} bytes, got ${bytes.length}`,
    );
  }
  return bytes;
}

function inflate(file: RandomAccessFile, name: string, packed: Uint8Array, limit: number): Uint8Array {
  try {
    return inflateSync(packed, { maxOutputLength: limit });
  } catch (error) {
    throw new UserError(`${file.path}: a chunk of ${name} must unpack, got ${(error as Error).message}`);
  }
}

/** Shuffled bytes: the first bytes of all elements, then the second ones, and so on. */
function unshuffle(bytes: Uint8Array, itemBytes: number): Uint8Array {
  const count = Math.floor(bytes.length / itemBytes);
  const ordered = Uint8Array.from(bytes);
  for (let part = 0; part < itemBytes; part++) {
    for (let i = 0; i < count; i++) ordered[i * itemBytes + part] = bytes[part * count + i]!;
  }
  return ordered;
}

/** Copies a chunk into its place, row by row; what sticks out of the data set at its far edges is left out. */
function placeChunk(
  values: Uint8Array,
  shape: readonly number[],
  chunkValues: Uint8Array,
  chunk: readonly number[],
  start: readonly number[],
  itemBytes: number,
): void {
  const last = shape.length - 1;
  if (last < 0) {
    values.set(chunkValues);
    return;
  }
  const kept = chunk.map((side, axis) => Math.min(side, shape[axis]! - start[axis]!));
  const rowBytes = kept[last]! * itemBytes;
  const rows = elementCount(kept.slice(0, last));
  const index = kept.map(() => 0);
  for (let row = 0; row < rows; row++) {
    let from = 0;
    let to = 0;
    for (let axis = 0; axis <= last; axis++) {
      from = from * chunk[axis]! + index[axis]!;
      to = to * shape[axis]! + start[axis]! + index[axis]!;
    }
    values.set(chunkValues.subarray(from * itemBytes, from * itemBytes + rowBytes), to * itemBytes);
    for (let axis = last - 1; axis >= 0; axis--) {
      if (++index[axis]! < kept[axis]!) break;
      index[axis] = 0;
    }
  }
}
