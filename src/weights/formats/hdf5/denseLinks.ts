import { ByteReader } from '../../../base/files/byteReader.ts';
import { checkCount, MAX_TENSORS } from '../../../base/files/limits.ts';
import type { RandomAccessFile } from '../../../base/files/randomAccessFile.ts';
import { readAddress, readerAt } from './header.ts';

const NAME_INDEX = 5;
const ADDRESS_BYTES = 8;
/** Signature, version, type and checksum of a node. */
const NODE_OVERHEAD = 10;
const HASH_BYTES = 4;
const MAX_DEPTH = 16;

/**
 * Returns readers at the link messages of a group with dense storage (HDF5 File Format Specification, III.A.2 and III.G): a version 2 B-tree
 * has their places in a fractal heap.
 */
export function denseLinkMessages(file: RandomAccessFile, heapAddress: number, index: number): ByteReader[] {
  const heap = readHeap(file, heapAddress);
  return indexedIds(file, index, heap.idBytes).map((id) => {
    const reader = new ByteReader(file, id);
    if ((reader.u8('heap id') & 0xf0) !== 0)
      throw reader.error('a link must be a managed object of its heap', id);
    const offset = readLittle(reader, heap.offsetBytes);
    const length = readLittle(reader, heap.lengthBytes);
    const start = locate(file, heap, heap.root, heap.rootRows, 0, offset, 0);
    return new ByteReader(file, start, start + length);
  });
}

interface Heap {
  idBytes: number;
  offsetBytes: number;
  lengthBytes: number;
  width: number;
  startSize: number;
  maxDirect: number;
  root: number;
  /** 0: the root is a direct block. */
  rootRows: number;
}

function readHeap(file: RandomAccessFile, address: number): Heap {
  const reader = readerAt(file, address, 'FRHP');
  reader.skip(1, 'version');
  const idBytes = reader.u16('size of a heap id');
  const filterBytes = reader.u16('size of the filters');
  reader.skip(1, 'flags');
  const maxManaged = reader.u32('largest managed object');
  reader.skip(12 * 8, 'statistics of the heap');
  const width = reader.u16('width of the heap');
  const startSize = reader.u64('size of the first block');
  const maxDirect = reader.u64('size of the largest direct block');
  const heapBits = reader.u16('size of the heap');
  reader.skip(2, 'first rows');
  const root = readAddress(reader, 'root block of the heap');
  const rootRows = reader.u16('rows of the root block');
  const isPower = (size: number): boolean => size > 0 && Number.isInteger(Math.log2(size));
  if (root === null || filterBytes > 0 || width === 0 || !isPower(startSize) || !isPower(maxDirect)) {
    throw reader.error(
      'a heap of links must have unfiltered blocks of sizes that are powers of two',
      address,
    );
  }
  return {
    idBytes,
    offsetBytes: Math.ceil(heapBits / 8),
    lengthBytes: Math.min(Math.ceil(Math.log2(maxDirect) / 8), encodedBytes(maxManaged)),
    width,
    startSize,
    maxDirect,
    root,
    rootRows,
  };
}

/** Returns where an object of the heap lies in the file; `base` is the offset in the heap at which the block begins. */
function locate(
  file: RandomAccessFile,
  heap: Heap,
  block: number,
  rows: number,
  base: number,
  offset: number,
  depth: number,
): number {
  if (rows === 0) {
    readerAt(file, block, 'FHDB');
    return block + offset - base;
  }
  const reader = readerAt(file, block, 'FHIB');
  const { width, startSize, maxDirect } = heap;
  let rowStart = base;
  for (let row = 0; row < rows; row++) {
    const size = row === 0 ? startSize : startSize * 2 ** (row - 1);
    const column = Math.floor((offset - rowStart) / size);
    if (column >= 0 && column < width) {
      const entry = block + 4 + 1 + ADDRESS_BYTES + heap.offsetBytes + (row * width + column) * ADDRESS_BYTES;
      const child = readAddress(new ByteReader(file, entry), 'block of the heap');
      if (child === null || depth > MAX_DEPTH)
        throw reader.error('a link must lie in a block of its heap', entry);
      const childRows = size <= maxDirect ? 0 : Math.log2(size) - Math.log2(startSize * width) + 1;
      return locate(file, heap, child, childRows, rowStart + column * size, offset, depth + 1);
    }
    rowStart += size * width;
  }
  throw reader.error(`a link must lie in its heap, got offset ${offset} of the heap`, block);
}

/** Returns where the heap ids lie that the records of a name index hold, in the order of the tree. */
function indexedIds(file: RandomAccessFile, address: number, idBytes: number): number[] {
  const header = readerAt(file, address, 'BTHD');
  header.skip(1, 'version');
  const type = header.u8('type of a B-tree');
  const nodeBytes = header.u32('size of a node');
  const recordBytes = header.u16('size of a record');
  const depth = header.u16('depth of a B-tree');
  header.skip(2, 'percentages');
  const root = readAddress(header, 'root of a B-tree');
  const rootRecords = header.u16('records in the root');
  if (type !== NAME_INDEX || recordBytes !== HASH_BYTES + idBytes || depth > MAX_DEPTH) {
    throw header.error(
      `a name index must be of type ${NAME_INDEX}, got type ${type}, depth ${depth},`,
      address,
    );
  }
  if (root === null) return [];
  const countBytes = childCountBytes(nodeBytes, recordBytes, depth);
  const ids: number[] = [];
  const seen = new Set<number>();
  const walk = (node: number, records: number, level: number): void => {
    const reader = readerAt(file, node, level === 0 ? 'BTLF' : 'BTIN');
    if (seen.has(node)) throw reader.error('a node of a B-tree must be there once, got it again', node);
    seen.add(node);
    checkCount(file, 'links in a group', ids.length + records, MAX_TENSORS);
    reader.skip(2, 'version');
    const start = reader.offset;
    reader.skip(records * recordBytes, 'records');
    for (let i = 0; i <= records; i++) {
      if (level > 0) {
        const child = readAddress(reader, 'child');
        const childRecords = readLittle(reader, countBytes[0]!);
        if (level > 1) reader.skip(countBytes[level - 1]!, 'records below');
        if (child === null) throw reader.error('a child must have an address');
        walk(child, childRecords, level - 1);
      }
      if (i < records) ids.push(start + i * recordBytes + HASH_BYTES);
    }
  };
  walk(root, rootRecords, depth);
  return ids;
}

/** Bytes of the counts in a child pointer: [0] of its own records, [u] of all records below a node at level u. */
function childCountBytes(nodeBytes: number, recordBytes: number, depth: number): number[] {
  const leafRecords = Math.floor((nodeBytes - NODE_OVERHEAD) / recordBytes);
  const bytes = [encodedBytes(leafRecords)];
  let below = leafRecords;
  for (let level = 1; level <= depth; level++) {
    const pointer = ADDRESS_BYTES + bytes[0]! + (level > 1 ? bytes[level - 1]! : 0);
    const records = Math.floor((nodeBytes - NODE_OVERHEAD - pointer) / (recordBytes + pointer));
    below = (records + 1) * below + records;
    bytes.push(encodedBytes(below));
  }
  return bytes;
}

/** Bytes that hold every number up to `limit`. */
const encodedBytes = (limit: number): number => Math.floor(Math.log2(Math.max(1, limit)) / 8) + 1;

function readLittle(reader: ByteReader, bytes: number): number {
  let value = 0;
  for (let i = 0; i < bytes; i++) value += reader.u8('number') * 256 ** i;
  return value;
}
