import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { UserError } from './userError.ts';

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
  close(): void;
}

// Linux reads at most 2^31 - 4096 bytes in one call.
const MAX_READ = 2 ** 30;

/** Returns `path` opened for reading by offset; a missing file or a folder is a UserError. */
export function openRandomAccess(path: string): RandomAccessFile {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw new UserError(`${path} must be a readable file, got ${(error as NodeJS.ErrnoException).code}`);
  }
  const stat = fstatSync(fd);
  if (!stat.isFile()) {
    closeSync(fd);
    throw new UserError(`${path} must be a regular file, got a ${stat.isDirectory() ? 'folder' : 'device'}`);
  }
  const { size } = stat;
  return {
    path,
    size,
    read(offset, length, what) {
      if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
        throw new UserError(
          `${path}: ${what} must lie in the file's ${size} bytes, got ${length} bytes at offset ${offset}`,
        );
      }
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const count = readSync(fd, bytes, done, Math.min(length - done, MAX_READ), offset + done);
        if (count === 0) {
          throw new UserError(`${path}: ${what} is cut off at offset ${offset + done}: the file has shrunk`);
        }
        done += count;
      }
      return bytes;
    },
    close: () => closeSync(fd),
  };
}
