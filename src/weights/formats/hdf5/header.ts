import { ByteReader } from '../../../base/files/byteReader.ts';
import { checkCount } from '../../../base/files/limits.ts';
import type { RandomAccessFile } from '../../../base/files/randomAccessFile.ts';

/** A message of an object header: where its data lie. */
export interface Hdf5Message {
  type: number;
  offset: number;
  size: number;
}

/** Message types, by their names in the HDF5 File Format Specification (version 3.0, section IV.A.2). */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  fill: 0x05,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
} as const;

/** An address of all ones points nowhere. */
const UNDEFINED = 0xffffffffffffffffn;
const SHARED_FLAG = 2;
/** A version 1 header counts them in 16 bits. */
const MAX_MESSAGES = 0xffff;

/** Returns an address in the file, or null where it is undefined; one beyond 2^53 is a UserError. */
export function readAddress(reader: ByteReader, what: string): number | null {
  const bytes = reader.bytes(8, what);
  const value = new DataView(bytes.buffer).getBigUint64(0, true);
  if (value === UNDEFINED) return null;
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw reader.error(`${what} must be at most 2^53, got ${value}`, reader.offset - 8);
  }
  return Number(value);
}

/** Returns a reader at an address that must begin with a signature of four letters. */
export function readerAt(file: RandomAccessFile, address: number, signature: string): ByteReader {
  const reader = new ByteReader(file, address);
  const found = reader.bytes(4, `${signature} block`);
  if (String.fromCharCode(...found) !== signature) {
    throw reader.error(`the signature ${signature} must stand`, address);
  }
  return reader;
}

/** Returns the messages of an object header of version 1 or 2, those of its continuation blocks too. */
export function readObjectHeader(file: RandomAccessFile, address: number): Hdf5Message[] {
  const reader = new ByteReader(file, address);
  const first = reader.u8('object header');
  if (first === 1) return readVersion1(file, reader);
  reader.offset = address;
  return readVersion2(file, readerAt(file, address, 'OHDR'));
}

interface Block {
  offset: number;
  size: number;
}

function readVersion1(file: RandomAccessFile, reader: ByteReader): Hdf5Message[] {
  reader.skip(1, 'object header');
  const count = reader.u16('number of messages');
  reader.skip(4, 'reference count');
  const size = reader.u32('size of the object header');
  reader.skip(4, 'padding');
  const readMessage = (block: ByteReader): { type: number; size: number; flags: number } => {
    const type = block.u16('message type');
    const messageSize = block.u16('message size');
    const flags = block.u8('message flags');
    block.skip(3, 'message');
    return { type, size: messageSize, flags };
  };
  return readBlocks(file, { offset: reader.offset, size }, 8, readMessage, (block) => block).slice(0, count);
}

function readVersion2(file: RandomAccessFile, reader: ByteReader): Hdf5Message[] {
  const version = reader.u8('version of the object header');
  if (version !== 2) throw reader.error(`the version of the object header must be 1 or 2, got ${version}`);
  const flags = reader.u8('flags of the object header');
  if ((flags & 0x20) !== 0) reader.skip(16, 'times');
  if ((flags & 0x10) !== 0) reader.skip(4, 'attribute limits');
  const size = readSized(reader, 1 << (flags & 3), 'size of the object header');
  const ordered = (flags & 4) !== 0;
  const readMessage = (block: ByteReader): { type: number; size: number; flags: number } => {
    const type = block.u8('message type');
    const messageSize = block.u16('message size');
    const messageFlags = block.u8('message flags');
    if (ordered) block.skip(2, 'creation order');
    return { type, size: messageSize, flags: messageFlags };
  };
  // A continuation block has a signature before its messages and a checksum behind them.
  const inner = ({ offset, size: blockSize }: Block): Block => {
    readerAt(file, offset, 'OCHK');
    return { offset: offset + 4, size: blockSize - 8 };
  };
  return readBlocks(file, { offset: reader.offset, size }, ordered ? 6 : 4, readMessage, inner);
}

function readBlocks(
  file: RandomAccessFile,
  first: Block,
  headBytes: number,
  readMessage: (reader: ByteReader) => { type: number; size: number; flags: number },
  inner: (block: Block) => Block,
): Hdf5Message[] {
  const messages: Hdf5Message[] = [];
  const blocks = [first];
  const seen = new Set<number>();
  for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) {
    if (seen.has(block.offset)) continue;
    seen.add(block.offset);
    const reader = new ByteReader(file, block.offset, block.offset + block.size);
    while (reader.offset + headBytes <= reader.end) {
      const { type, size, flags } = readMessage(reader);
      const offset = reader.offset;
      reader.skip(size, 'message');
      if (type === MESSAGE.continuation) {
        const link = new ByteReader(file, offset, offset + size);
        const next = { offset: link.u64('continuation'), size: link.u64('size of the continuation') };
        blocks.push(inner(next));
      } else if ((flags & SHARED_FLAG) === 0) {
        messages.push({ type, offset, size });
        checkCount(file, 'messages in an object header', messages.length, MAX_MESSAGES);
      }
    }
  }
  return messages;
}

/** Returns an unsigned integer of 1, 2, 4 or 8 bytes. */
export function readSized(reader: ByteReader, bytes: number, what: string): number {
  switch (bytes) {
    case 1:
      return reader.u8(what);
    case 2:
      return reader.u16(what);
    case 4:
      return reader.u32(what);
    case 8:
      return reader.u64(what);
    default:
      throw reader.error(`${what} must take 1, 2, 4 or 8 bytes, got ${bytes}`);
  }
}
