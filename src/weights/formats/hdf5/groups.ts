import { ByteReader } from '../../../base/files/byteReader.ts';
import { checkCount, MAX_NAME_LENGTH, MAX_TENSORS } from '../../../base/files/limits.ts';
import type { RandomAccessFile } from '../../../base/files/randomAccessFile.ts';
import { denseLinkMessages } from './denseLinks.ts';
import { type Hdf5Message, MESSAGE, readAddress, readerAt, readObjectHeader, readSized } from './header.ts';

const SOFT_LINK = 2;
const HARD_LINK_TYPE = 0;
const GROUP_TREE = 0;

/** Groups in groups; real files have a handful. */
const MAX_DEPTH = 64;

/**
 * Calls `visit` for every object that can be reached from the root group through hard links, groups before what is in them, each under
 * the first of its names: the path from the root, without a slash before it.
 */
export function walkObjects(
  file: RandomAccessFile,
  root: number,
  visit: (name: string, messages: readonly Hdf5Message[]) => void,
): void {
  const seen = new Set<number>();
  const open: { name: string; address: number; depth: number }[] = [{ name: '', address: root, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { name, address, depth } = next;
    if (seen.has(address)) continue;
    seen.add(address);
    checkCount(file, 'groups in groups', depth, MAX_DEPTH);
    checkCount(file, 'characters in a name', name.length, MAX_NAME_LENGTH);
    const messages = readObjectHeader(file, address);
    const links = readLinks(file, messages);
    checkCount(file, 'objects', links.length + open.length + seen.size, 2 * MAX_TENSORS);
    visit(name, messages);
    for (const link of links.toReversed()) {
      open.push({
        name: name === '' ? link.name : `${name}/${link.name}`,
        address: link.address,
        depth: depth + 1,
      });
    }
  }
}

interface Link {
  name: string;
  address: number;
}

function readLinks(file: RandomAccessFile, messages: readonly Hdf5Message[]): Link[] {
  const links: Link[] = [];
  for (const { type, offset, size } of messages) {
    const reader = new ByteReader(file, offset, offset + size);
    if (type === MESSAGE.symbolTable) readSymbolTable(file, reader, links);
    else if (type === MESSAGE.link) for (const link of readLinkMessage(reader)) links.push(link);
    else if (type === MESSAGE.linkInfo) {
      const dense = readDense(file, reader).flatMap(readLinkMessage);
      // The index is in the order of hashes, which means nothing to anybody.
      for (const link of dense.sort((a, b) => (a.name < b.name ? -1 : 1))) links.push(link);
    }
  }
  return links;
}

/** The link messages of a group that has too many to keep them in its header. */
function readDense(file: RandomAccessFile, reader: ByteReader): ByteReader[] {
  reader.skip(1, 'link info');
  if ((reader.u8('flags of the link info') & 1) !== 0) reader.skip(8, 'creation order');
  const heap = readAddress(reader, 'address of the fractal heap');
  const index = readAddress(reader, 'address of the name index');
  return heap === null || index === null ? [] : denseLinkMessages(file, heap, index);
}

function readLinkMessage(reader: ByteReader): Link[] {
  const version = reader.u8('link');
  if (version !== 1) throw reader.error(`the version of a link must be 1, got ${version}`, reader.offset - 1);
  const flags = reader.u8('flags of a link');
  const type = (flags & 8) !== 0 ? reader.u8('type of a link') : HARD_LINK_TYPE;
  if ((flags & 4) !== 0) reader.skip(8, 'creation order');
  if ((flags & 16) !== 0) reader.skip(1, 'character set');
  const name = reader.text(readSized(reader, 1 << (flags & 3), 'length of a name'), 'name of a link');
  if (type !== HARD_LINK_TYPE) return [];
  const address = readAddress(reader, 'address of a link');
  return address === null ? [] : [{ name, address }];
}

/** The links of a group of the old kind: a B-tree of symbol nodes, the names in a local heap. */
function readSymbolTable(file: RandomAccessFile, message: ByteReader, links: Link[]): void {
  const tree = readAddress(message, 'address of a group tree');
  const heap = readAddress(message, 'address of a local heap');
  if (tree === null || heap === null) return;
  const heapReader = readerAt(file, heap, 'HEAP');
  heapReader.skip(4, 'version');
  const heapSize = heapReader.u64('size of the local heap');
  heapReader.skip(8, 'free list');
  const heapStart = heapReader.u64('address of the names');
  for (const node of leavesOf(file, tree, GROUP_TREE, 8).map((leaf) => leaf.child)) {
    const reader = readerAt(file, node, 'SNOD');
    reader.skip(2, 'version');
    const count = reader.u16('number of symbols');
    for (let i = 0; i < count; i++) {
      const nameOffset = reader.u64('offset of a name');
      const address = reader.u64('address of an object');
      const cacheType = reader.u32('cache type');
      reader.skip(20, 'symbol');
      if (cacheType === SOFT_LINK) continue;
      const name = new ByteReader(file, heapStart + nameOffset, heapStart + heapSize).textUntil(0, 'name');
      links.push({ name, address });
    }
    checkCount(file, 'links in a group', links.length, MAX_TENSORS);
  }
}

/** A child of a leaf of a B-tree, with where its key lies. */
export interface TreeLeaf {
  key: number;
  child: number;
}

/** Returns the children of all leaves of a version 1 B-tree, in order; each node may be there once. */
export function leavesOf(file: RandomAccessFile, root: number, type: number, keyBytes: number): TreeLeaf[] {
  const leaves: TreeLeaf[] = [];
  const seen = new Set<number>();
  const open: { address: number; level: number | null }[] = [{ address: root, level: null }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const reader = readerAt(file, next.address, 'TREE');
    if (seen.has(next.address))
      throw reader.error('a node of a B-tree must be there once, got it again', next.address);
    seen.add(next.address);
    const nodeType = reader.u8('type of a B-tree');
    const level = reader.u8('level of a B-tree');
    if (nodeType !== type || (next.level !== null && level !== next.level)) {
      throw reader.error(
        `a node must be of type ${type} and one level lower, got type ${nodeType}, level ${level},`,
      );
    }
    const count = reader.u16('number of children');
    reader.skip(16, 'siblings');
    const children: TreeLeaf[] = [];
    for (let i = 0; i < count; i++) {
      const key = reader.offset;
      reader.skip(keyBytes, 'key');
      children.push({ key, child: reader.u64('child') });
    }
    checkCount(file, 'leaves in a B-tree', leaves.length + open.length + count);
    if (level === 0) for (const leaf of children) leaves.push(leaf);
    else for (const { child } of children.toReversed()) open.push({ address: child, level: level - 1 });
  }
  return leaves;
}
