import { UserError } from '../userError.ts';
import type { RandomAccessFile } from './randomAccessFile.ts';

/**
 * Far beyond any real file. Parts of a hostile one may overlap, so that a small file describes more things than it has bytes: these
 * limits keep the time and memory that takes bounded.
 */
export const MAX_ITEMS = 1_000_000;
/** Each takes up to half a kilobyte of memory. A model of a trillion parameters has some 150,000 in all its files together. */
export const MAX_TENSORS = 2 ** 18;
export const MAX_NAME_LENGTH = 4096;
const MAX_METADATA_BYTES = 2 ** 30;

/** Throws a UserError when a file has more of something than `limit`. */
export function checkCount(file: RandomAccessFile, what: string, count: number, limit = MAX_ITEMS): void {
  if (count > limit) throw new UserError(`${file.path} must have at most ${limit} ${what}, got more`);
}

/** Returns the file with a limit on how much may be read of it in all: for headers that lead from one to the next. */
export function meteredFile(file: RandomAccessFile): RandomAccessFile {
  let read = 0;
  return {
    ...file,
    read(offset, length, what) {
      read += length;
      checkCount(file, 'bytes of headers', read, MAX_METADATA_BYTES);
      return file.read(offset, length, what);
    },
  };
}
