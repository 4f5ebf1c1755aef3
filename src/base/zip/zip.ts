import { constants, inflateRawSync } from 'node:zlib';
import { ByteReader } from '../files/byteReader.ts';
import { checkCount, MAX_TENSORS } from '../files/limits.ts';
import { fileSection, memoryFile, type RandomAccessFile } from '../files/randomAccessFile.ts';
import { UserError } from '../userError.ts';
import { unpackToDisk } from './unpackToDisk.ts';

// Layout of PKWARE's APPNOTE.TXT, sections 4.3.7 to 4.3.16.
const END_SIGNATURE = 0x06054b50;
const END64_LOCATOR_SIGNATURE = 0x07064b50;
const END64_SIGNATURE = 0x06064b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22;
const LOCAL_BYTES = 30;
const LOCATOR_BYTES = 20;
const MAX_COMMENT_BYTES = 0xffff;
/** A 32-bit field of this value stands in the zip64 extra field. */
const IN_ZIP64 = 0xffffffff;
const ZIP64_EXTRA = 1;
const STORED = 0;
const DEFLATED = 8;
/** Deflate packs at most 1032 bytes into one. */
const MAX_DEFLATE_RATIO = 1032;
/** A member that unpacks to more lies on the disk meanwhile. */
const MAX_IN_MEMORY = 2 ** 26;
/** What is unpacked to see the beginning of a member. */
const PREFIX_BYTES = 2048;

export interface ZipFile {
  readonly names: readonly string[];
  /** Bytes of a member when unpacked, as the archive says. */
  size(name: string): number;
  /**
   * Returns a member as a file: a part of the archive where it is stored, unpacked where it is compressed (a large one lasts until
   * the next such member is opened). One that unpacks to more than `limit` bytes is a UserError, found before it is unpacked.
   */
  open(name: string, limit?: number): RandomAccessFile;
  /** Returns where a member lies and how it is packed, for those who unpack it themselves. */
  locate(name: string): ZipMember;
  /** Returns the beginning of a member, as much as a few packed kilobytes hold. */
  openPrefix(name: string): RandomAccessFile;
  /** Gives back what was unpacked. */
  close(): void;
}

/** A member of a zip archive as it lies in the file. */
export interface ZipMember {
  name: string;
  deflated: boolean;
  /** Offset of the packed bytes in the archive. */
  start: number;
  compressedSize: number;
  size: number;
  crc32: number;
}

interface Entry {
  method: number;
  crc32: number;
  compressedSize: number;
  size: number;
  localOffset: number;
}

/** Returns the members of a zip archive (zip64 too) as its central directory lists them. */
export function readZip(file: RandomAccessFile): ZipFile {
  const entries = readEntries(file);
  const find = (name: string): Entry => {
    const entry = entries.get(name);
    if (entry === undefined) throw new UserError(`${file.path} must have a member ${name}, got none`);
    return entry;
  };
  let unpacked: { name: string; file: RandomAccessFile } | null = null;
  const packed = (name: string, entry: Entry): RandomAccessFile => {
    const start = dataOffset(file, entry.localOffset);
    return fileSection(file, `${file.path}!${name}`, start, entry.compressedSize);
  };
  return {
    names: [...entries.keys()],
    size: (name) => find(name).size,
    open: (name, limit = Number.POSITIVE_INFINITY) => {
      const entry = find(name);
      const section = packed(name, entry);
      if (entry.method === STORED) return section;
      if (entry.size > limit) {
        throw new UserError(`${section.path} must unpack to at most ${limit} bytes, got ${entry.size}`);
      }
      if (unpacked?.name === name) return unpacked.file;
      checkRatio(section, entry.size);
      unpacked?.file.close();
      unpacked = null;
      const file =
        entry.size > MAX_IN_MEMORY
          ? unpackToDisk(section, entry.size)
          : memoryFile(section.path, inflate(section, entry.size, section.size));
      unpacked = { name, file };
      return file;
    },
    locate: (name) => {
      const { method, localOffset, ...sizes } = find(name);
      return { name, deflated: method === DEFLATED, start: dataOffset(file, localOffset), ...sizes };
    },
    openPrefix: (name) => {
      const entry = find(name);
      const section = packed(name, entry);
      if (entry.method === STORED) return section;
      checkRatio(section, entry.size);
      return memoryFile(section.path, inflate(section, entry.size, Math.min(PREFIX_BYTES, section.size)));
    },
    close: () => {
      unpacked?.file.close();
      unpacked = null;
    },
  };
}

function readEntries(file: RandomAccessFile): Map<string, Entry> {
  const { offset, size, count } = findDirectory(file);
  const reader = new ByteReader(file, offset, offset + size);
  const entries = new Map<string, Entry>();
  checkCount(file, 'members', count, MAX_TENSORS);
  for (let i = 0; i < count; i++) {
    const start = reader.offset;
    if (reader.u32('entry of the central directory') !== ENTRY_SIGNATURE) {
      throw reader.error('an entry of the central directory must begin', start);
    }
    reader.skip(4, 'versions');
    const flags = reader.u16('flags');
    const method = reader.u16('method');
    reader.skip(4, 'time');
    const crc32 = reader.u32('checksum');
    const sizes = [reader.u32('packed size'), reader.u32('size')] as const;
    const nameLength = reader.u16('length of the name');
    const extraLength = reader.u16('length of the extra field');
    const commentLength = reader.u16('length of the comment');
    reader.skip(8, 'attributes');
    const localOffset = reader.u32('offset');
    const name = reader.text(nameLength, 'name');
    const extraEnd = reader.offset + extraLength;
    const [realSize, realCompressed, realOffset] = readZip64(
      reader,
      extraEnd,
      [sizes[1], sizes[0], localOffset].map((value) => value === IN_ZIP64),
    );
    reader.offset = extraEnd;
    reader.skip(commentLength, 'comment');
    const entry = {
      method,
      crc32,
      compressedSize: realCompressed ?? sizes[0],
      size: realSize ?? sizes[1],
      localOffset: realOffset ?? localOffset,
    };
    if ((flags & 1) !== 0) throw reader.error(`member ${name} must not be encrypted, found`, start);
    if (method !== STORED && method !== DEFLATED) {
      throw reader.error(`member ${name} must be stored or deflated, got method ${method}`, start);
    }
    if (method === STORED && entry.compressedSize !== entry.size) {
      throw reader.error(
        `stored member ${name} must have one size, got ${entry.compressedSize} and ${entry.size}`,
        start,
      );
    }
    if (entries.has(name)) throw reader.error(`member ${name} must be there once, got it again`, start);
    entries.set(name, entry);
  }
  checkApart(file, [...entries.values()]);
  return entries;
}

/** Members that share their packed bytes make a small archive unpack to a huge one. */
function checkApart(file: RandomAccessFile, entries: Entry[]): void {
  let end = 0;
  for (const { localOffset, compressedSize } of entries.sort((a, b) => a.localOffset - b.localOffset)) {
    if (localOffset < end) {
      throw new UserError(
        `${file.path}: members must not overlap, got one at offset ${localOffset}, before ${end}`,
      );
    }
    end = localOffset + LOCAL_BYTES + compressedSize;
  }
}

/** Returns what a zip64 extra field holds for the wanted ones of size, packed size and offset. */
function readZip64(reader: ByteReader, end: number, wanted: readonly boolean[]): (number | null)[] {
  if (!wanted.includes(true)) return [null, null, null];
  while (reader.offset + 4 <= end) {
    const id = reader.u16('id of an extra field');
    const length = reader.u16('length of an extra field');
    if (id === ZIP64_EXTRA) return wanted.map((isWanted) => (isWanted ? reader.u64('zip64 field') : null));
    reader.skip(length, 'extra field');
  }
  throw reader.error('a zip64 extra field must be there');
}

function findDirectory(file: RandomAccessFile): { offset: number; size: number; count: number } {
  const tailStart = Math.max(0, file.size - END_BYTES - MAX_COMMENT_BYTES);
  const tail = file.read(tailStart, file.size - tailStart, 'end of the archive');
  const view = new DataView(tail.buffer);
  let at = tail.length - END_BYTES;
  while (at >= 0 && view.getUint32(at, true) !== END_SIGNATURE) at--;
  if (at < 0) throw new UserError(`${file.path} must be a whole zip archive, got none of its end records`);
  const end = tailStart + at;
  const count = view.getUint16(at + 10, true);
  const size = view.getUint32(at + 12, true);
  const offset = view.getUint32(at + 16, true);
  if (count !== 0xffff && size !== IN_ZIP64 && offset !== IN_ZIP64) return { count, size, offset };
  const locator = new ByteReader(file, Math.max(0, end - LOCATOR_BYTES));
  if (locator.u32('zip64 locator') !== END64_LOCATOR_SIGNATURE) return { count, size, offset };
  locator.skip(4, 'disk');
  const reader = new ByteReader(file, locator.u64('offset of the zip64 end record'));
  if (reader.u32('zip64 end record') !== END64_SIGNATURE) {
    throw reader.error('the zip64 end record must begin', reader.offset - 4);
  }
  reader.skip(28, 'zip64 end record');
  return {
    count: reader.u64('number of members'),
    size: reader.u64('size of the central directory'),
    offset: reader.u64('offset of the central directory'),
  };
}

function dataOffset(file: RandomAccessFile, localOffset: number): number {
  const reader = new ByteReader(file, localOffset);
  if (reader.u32('header of a member') !== LOCAL_SIGNATURE) {
    throw reader.error('a member must begin', localOffset);
  }
  reader.skip(22, 'header of a member');
  const nameLength = reader.u16('length of the name');
  const extraLength = reader.u16('length of the extra field');
  return reader.offset + nameLength + extraLength;
}

function checkRatio(section: RandomAccessFile, size: number): void {
  if (size > section.size * MAX_DEFLATE_RATIO) {
    throw new UserError(`${section.path} must unpack to ${size} bytes, got only ${section.size} packed ones`);
  }
}

/** Returns the first `packedBytes` of a member unpacked; all of them must give `size` bytes, no more and no less. */
function inflate(section: RandomAccessFile, size: number, packedBytes: number): Uint8Array {
  const whole = packedBytes === section.size;
  let bytes: Buffer;
  try {
    bytes = inflateRawSync(section.read(0, packedBytes, 'packed data'), {
      finishFlush: whole ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
      maxOutputLength: Math.max(1, whole ? size : packedBytes * MAX_DEFLATE_RATIO),
    });
  } catch (error) {
    throw new UserError(`${section.path} must unpack to ${size} bytes, got ${(error as Error).message}`);
  }
  if (whole && bytes.length !== size) {
    throw new UserError(`${section.path} must unpack to ${size} bytes, got ${bytes.length}`);
  }
  return bytes;
}
