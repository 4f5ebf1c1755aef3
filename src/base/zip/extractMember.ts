import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import { makeFolder } from '../files/makeFolder.ts';
import { UserError } from '../userError.ts';
import type { ZipMember } from './zip.ts';

const PIECE_BYTES = 2 ** 20;

export interface ExtractOptions {
  /** Hears of each piece written. */
  onBytes?: (bytes: number) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Writes a member of the archive at `path` to `target`, piece by piece, and returns its SHA-256. Throws UserError when the archive's
 * checksum of it does not hold.
 */
export async function extractMember(
  path: string,
  member: ZipMember,
  target: string,
  { onBytes, signal }: ExtractOptions = {},
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
  await pipeline([memberStream(path, member), check, createWriteStream(target)], { signal });
  if (sum !== member.crc32) {
    throw new UserError(`${path}: ${member.name} must have checksum ${hex(member.crc32)}, got ${hex(sum)}`);
  }
  return hash.digest('hex');
}

/** Returns where a member of that name belongs under `folder`. Throws UserError for a name that would leave the folder. */
export function memberTarget(folder: string, name: string): string {
  const target = join(folder, name);
  if (!target.startsWith(`${join(folder)}/`))
    throw new UserError(`archive member must stay in its folder, got ${name}`);
  return target;
}

function memberStream(path: string, { start, compressedSize, deflated }: ZipMember): NodeJS.ReadableStream {
  // An empty range cannot be asked for.
  const raw =
    compressedSize === 0
      ? createReadStream('/dev/null')
      : createReadStream(path, { start, end: start + compressedSize - 1, highWaterMark: PIECE_BYTES });
  if (!deflated) return raw;
  const inflate = createInflateRaw({ chunkSize: PIECE_BYTES });
  raw.on('error', (error) => inflate.destroy(error));
  return raw.pipe(inflate);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
