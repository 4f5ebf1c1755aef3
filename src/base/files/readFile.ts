import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { UserError } from '../userError.ts';
import { kindOfFile } from './kindOfFile.ts';

/** What a file of text or JSON may have: the longest string there is. */
export const MAX_TEXT_BYTES = 2 ** 29 - 24;

/** Pipes that a shell opens for one command: `<(...)` and standard input. No other pipe was meant to be read. */
const GIVEN_PIPE = /^\/(dev\/(stdin|fd\/\d+)|proc\/(self|\d+)\/fd\/\d+)$/;
const CHUNK_BYTES = 1 << 16;

export interface ReadOptions {
  /** Bytes the file may have at most. */
  limit?: number;
  /** Also reads a pipe that was given on purpose, as `<(...)` and /dev/stdin are. */
  pipe?: boolean;
}

/**
 * Returns a regular file open for reading, and what it is. A file that is missing or may not be read, and a folder, named pipe, socket or
 * device in its place is a UserError: opening waits for nobody.
 */
export function openRegular(path: string): { fd: number; stat: Stats } {
  // Without O_NONBLOCK a pipe that nobody writes to would hold the process here.
  const fd = openReadable(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stat = fstatSync(fd);
  if (stat.isFile()) return { fd, stat };
  closeSync(fd);
  throw new UserError(`${path} must be a regular file, got a ${kindOfFile(stat)}`);
}

/** Returns the bytes of a file; one that is not regular, cannot be read or is larger than the limit is a UserError. */
export function readBytes(path: string, { limit = MAX_TEXT_BYTES, pipe = false }: ReadOptions = {}): Buffer {
  const fd = pipe && GIVEN_PIPE.test(path) ? openGivenPipe(path) : openRegular(path).fd;
  try {
    const { size } = fstatSync(fd);
    if (size > limit) throw tooLarge(path, limit, `${size}`);
    return readAll(path, fd, size, limit);
  } finally {
    closeSync(fd);
  }
}

/** Returns the text (UTF-8) of a file, read as `readBytes` does. */
export function readText(path: string, options: ReadOptions = {}): string {
  return readBytes(path, options).toString('utf8');
}

/** Returns what a JSON file holds; one that holds no JSON is a UserError. */
export function readJson(path: string): unknown {
  const text = readText(path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${path} must be JSON: ${(error as Error).message}`);
  }
}

/** A file may grow while it is read, and what a pipe holds is known only at its end: the limit is kept byte by byte. */
function readAll(path: string, fd: number, size: number, limit: number): Buffer {
  const chunks: Buffer[] = [];
  for (let total = 0; ; ) {
    const chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, size - total));
    const count = readSync(fd, chunk, 0, chunk.length, null);
    if (count === 0) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, total);
    total += count;
    if (total > limit) throw tooLarge(path, limit, 'more');
    chunks.push(chunk.subarray(0, count));
  }
}

function openGivenPipe(path: string): number {
  const fd = openReadable(path, constants.O_RDONLY);
  const stat = fstatSync(fd);
  if (stat.isFile() || stat.isFIFO()) return fd;
  closeSync(fd);
  throw new UserError(`${path} must be a file or a pipe, got a ${kindOfFile(stat)}`);
}

function openReadable(path: string, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    throw new UserError(`${path} must be a readable file, got ${(error as NodeJS.ErrnoException).code}`);
  }
}

function tooLarge(path: string, limit: number, size: string): UserError {
  return new UserError(`${path} must have at most ${limit} bytes, got ${size}`);
}
