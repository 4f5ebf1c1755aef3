import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { makeFolder } from '../files/makeFolder.ts';
import { UserError } from '../userError.ts';

// Layout of PKWARE's APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
const END_SIGNATURE = 0x06054b50;
const END_BYTES = 22;
const MAX_COMMENT = 0xffff;
const CENTRAL_SIGNATURE = 0x02014b50;
const CENTRAL_BYTES = 46;
const LOCAL_SIGNATURE = 0x04034b50;
const LOCAL_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
const ZIP64_MARK = 0xffffffff;

/** One file in a zip archive. */
export interface ZipMember {
  name: string;
  bytes: number;
  compressedBytes: number;
  crc32: number;
  method: number;
  localHeader: number;
}

/** Returns the files of a zip archive, as its central directory lists them. Throws UserError when it is broken or larger than 4 GiB. */
export async function listZip(path: string): Promise<ZipMember[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const tail = await read(
      file,
      path,
      Math.max(0, size - END_BYTES - MAX_COMMENT),
      Math.min(size, END_BYTES + MAX_COMMENT),
    );
    let end = tail.length - END_BYTES;
    while (end >= 0 && tail.readUInt32LE(end) !== END_SIGNATURE) end--;
    if (end < 0) throw new UserError(`${path} must be a zip archive, got no end of central directory`);
    const [count, bytes, start] = [
      tail.readUInt16LE(end + 10),
      tail.readUInt32LE(end + 12),
      tail.readUInt32LE(end + 16),
    ];
    if (start === ZIP64_MARK)
      throw new UserError(`${path} must be a zip archive of less than 4 GiB, got zip64`);
    const directory = await read(file, path, start, bytes);
    const members: ZipMember[] = [];
    for (let at = 0; members.length < count; ) {
      if (at + CENTRAL_BYTES > bytes || directory.readUInt32LE(at) !== CENTRAL_SIGNATURE) {
        throw new UserError(
          `${path} must list ${count} files, got a broken entry ${members.length} at offset ${start + at}`,
        );
      }
      const nameBytes = directory.readUInt16LE(at + 28);
      members.push({
        name: directory.toString('utf8', at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes),
        method: directory.readUInt16LE(at + 10),
        crc32: directory.readUInt32LE(at + 16),
        compressedBytes: directory.readUInt32LE(at + 20),
        bytes: directory.readUInt32LE(at + 24),
        localHeader: directory.readUInt32LE(at + 42),
      });
      at += CENTRAL_BYTES + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    }
    return members;
  } finally {
    await file.close();
  }
}

/**
 * Writes one file of a zip archive to `target` and returns its SHA-256. `onBytes` hears of each piece written.
 * Throws UserError when the archive's checksum of it does not hold.
 */
export async function extractMember(
  path: string,
  member: ZipMember,
  target: string,
  { onBytes, signal }: { onBytes?: (bytes: number) => void; signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const hash = createHash('sha256');
  let sum = 0;
  makeFolder(dirname(target));
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      sum = crc32(chunk, sum);
      onBytes?.(chunk.length);
      done(null, chunk);
    },
  });
  await pipeline([await memberStream(path, member), check, createWriteStream(target)], { signal });
  if (sum !== member.crc32) {
    throw new UserError(`${path}: ${member.name} must have checksum ${hex(member.crc32)}, got ${hex(sum)}`);
  }
  return hash.digest('hex');
}

/** Returns the text of one file of a zip archive. */
export async function readMemberText(path: string, member: ZipMember): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await memberStream(path, member)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function memberStream(path: string, member: ZipMember): Promise<NodeJS.ReadableStream> {
  const file = await open(path);
  let start: number;
  try {
    const header = await read(file, path, member.localHeader, LOCAL_BYTES);
    if (header.readUInt32LE(0) !== LOCAL_SIGNATURE) {
      throw new UserError(
        `${path} must hold ${member.name} at offset ${member.localHeader}, got something else`,
      );
    }
    start = member.localHeader + LOCAL_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
  } finally {
    await file.close();
  }
  if (member.method !== STORED && member.method !== DEFLATED) {
    throw new UserError(`${path}: ${member.name} must be stored or deflated, got method ${member.method}`);
  }
  const raw =
    member.compressedBytes === 0
      ? createReadStream('/dev/null')
      : createReadStream(path, { start, end: start + member.compressedBytes - 1, highWaterMark: 1 << 20 });
  if (member.method === STORED) return raw;
  const inflate = createInflateRaw({ chunkSize: 1 << 20 });
  raw.on('error', (error) => inflate.destroy(error));
  return raw.pipe(inflate);
}

async function read(file: FileHandle, path: string, start: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, start);
  if (bytesRead < bytes)
    throw new UserError(`${path} must go on to offset ${start + bytes}, got its end at ${start + bytesRead}`);
  return buffer;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** Returns where a member of that name belongs under `folder`. Throws UserError for a name that would leave the folder. */
export function memberTarget(folder: string, name: string): string {
  const target = join(folder, name);
  if (!target.startsWith(`${join(folder)}/`))
    throw new UserError(`archive member must stay in its folder, got ${name}`);
  return target;
}
