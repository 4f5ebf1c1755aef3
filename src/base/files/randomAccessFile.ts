import { closeSync, readSync } from 'node:fs';
import { UserError } from '../userError.ts';
import { openRegular } from './readFile.ts';

/** A file that is read by offset, so that nothing larger than what was asked for is in memory. */
export interface RandomAccessFile {
  readonly path: string;
  /** Bytes in the file when it was opened. */
  readonly size: number;
  /**
   * Returns `length` bytes from `offset` in an ArrayBuffer of their own. A range outside the file is a UserError that names
   * `what`, and is found before anything is allocated.
   */
  read(offset: number, length: number, what: string): Uint8Array<ArrayBuffer>;
  /** Closes the file; a second call does nothing. */
  close(): void;
}

// Linux reads at most 2^31 - 4096 bytes in one call.
const MAX_READ = 2 ** 30;

/** Returns `path` opened for reading by offset; what is missing or no regular file is a UserError. */
export function openRandomAccess(path: string): RandomAccessFile {
  const { fd, stat } = openRegular(path);
  return descriptorFile(fd, path, stat.size);
}

/** Returns what an open descriptor of `size` bytes holds, which `close` closes; `path` is what errors call it. */
export function descriptorFile(fd: number, path: string, size: number): RandomAccessFile {
  let closed = false;
  return {
    path,
    size,
    read(offset, length, what) {
      checkRange(path, size, offset, length, what);
      const bytes = allocate(path, offset, length, what);
      for (let done = 0; done < length; ) {
        const count = readSync(fd, bytes, done, Math.min(length - done, MAX_READ), offset + done);
        if (count === 0) {
          throw new UserError(`${path}: ${what} is cut off at offset ${offset + done}: the file has shrunk`);
        }
        done += count;
      }
      return bytes;
    },
    close() {
      if (!closed) closeSync(fd);
      closed = true;
    },
  };
}

/** Returns bytes in memory as a file; `path` is what errors call it. */
export function memoryFile(path: string, bytes: Uint8Array): RandomAccessFile {
  return {
    path,
    size: bytes.length,
    read(offset, length, what) {
      checkRange(path, bytes.length, offset, length, what);
      return new Uint8Array(bytes.subarray(offset, offset + length));
    },
    close() {},
  };
}

/** Returns a part of a file as a file of its own, which closes nothing; offsets count from its start, `path` is what errors call it. */
export function fileSection(
  file: RandomAccessFile,
  path: string,
  start: number,
  size: number,
): RandomAccessFile {
  checkRange(file.path, file.size, start, size, path);
  return {
    path,
    size,
    read(offset, length, what) {
      checkRange(path, size, offset, length, what);
      return file.read(start + offset, length, what);
    },
    close() {},
  };
}

function checkRange(path: string, size: number, offset: number, length: number, what: string): void {
  if (!(Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0)) {
    throw new UserError(`${path}: ${what} must have a size, got ${length} bytes at offset ${offset}`);
  }
  if (offset + length > size) {
    throw new UserError(
      `${path}: ${what} must lie in the file's ${size} bytes, got ${length} bytes at offset ${offset}`,
    );
  }
}

function allocate(path: string, offset: number, length: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    // Not filled with zeros first: every byte is read, or nothing is returned.
    return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  } catch {
    throw new UserError(`${path}: ${what} at offset ${offset} must fit into memory, got ${length} bytes`);
  }
}
