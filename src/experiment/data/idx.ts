import { constants, gunzipSync } from 'node:zlib';
import { elementCount } from '../../base/elementCount.ts';
import { openRandomAccess } from '../../base/files/randomAccessFile.ts';
import { UserError } from '../../base/userError.ts';

/** Type code of unsigned bytes in the third byte of an IDX file. */
const UNSIGNED_BYTE = 0x08;
const GZIP_MAGIC = [0x1f, 0x8b];

/** Returns the contents of a file, unpacked when it is gzipped; a broken or cut-off archive is a UserError. */
export function gunzipIfPacked(path: string, data: Uint8Array): Uint8Array {
  return data[0] === GZIP_MAGIC[0] && data[1] === GZIP_MAGIC[1] ? gunzip(path, data) : data;
}

/** Returns the sides that the header of an IDX file of unsigned bytes in so many dimensions names; `bytes` may be its beginning alone. */
export function readIdxShape(path: string, bytes: Uint8Array, dimensions: number): number[] {
  const header = idxHeader(path, bytes, dimensions);
  return Array.from({ length: dimensions }, (_, dimension) => header.getUint32(4 + 4 * dimension));
}

function idxHeader(path: string, bytes: Uint8Array, dimensions: number): DataView {
  const headerBytes = 4 + 4 * dimensions;
  if (bytes.length < headerBytes) {
    throw new UserError(
      `${path}: the IDX header must have ${headerBytes} bytes, got ${bytes.length} (cut off at offset ${bytes.length})`,
    );
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const magic = header.getUint32(0);
  const expectedMagic = (UNSIGNED_BYTE << 8) | dimensions;
  if (magic !== expectedMagic) {
    throw new UserError(
      `${path}: the magic number at offset 0 must be 0x${hex(expectedMagic)} (bytes in ${dimensions} dimensions), got 0x${hex(magic)}`,
    );
  }
  return header;
}

/**
 * Returns the values of an IDX file of unsigned bytes, a view without the header. `shape` is what the header must say:
 * items first, then the sides of an item. A wrong magic number, shape or length is a UserError with the offset.
 */
export function readIdx(path: string, bytes: Uint8Array, shape: readonly number[]): Uint8Array {
  const headerBytes = 4 + 4 * shape.length;
  const header = idxHeader(path, bytes, shape.length);
  shape.forEach((side, dimension) => {
    const offset = 4 + 4 * dimension;
    const found = header.getUint32(offset);
    if (found !== side) {
      throw new UserError(
        `${path}: dimension ${dimension} at offset ${offset} must be ${side}, got ${found}`,
      );
    }
  });
  const expected = headerBytes + elementCount(shape);
  if (bytes.length !== expected) {
    throw new UserError(
      `${path} must have ${expected} bytes, got ${bytes.length}${bytes.length < expected ? ` (cut off at offset ${bytes.length})` : ''}`,
    );
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset + headerBytes, expected - headerBytes);
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');

/** Returns the beginning of a file's contents, unpacked when it is gzipped: enough for a header. */
export function unpackedBeginning(path: string): Uint8Array {
  const file = openRandomAccess(path);
  try {
    const data = file.read(0, Math.min(file.size, BEGINNING_BYTES), 'beginning');
    if (data[0] !== GZIP_MAGIC[0] || data[1] !== GZIP_MAGIC[1]) return data;
    return gunzip(path, data, constants.Z_SYNC_FLUSH);
  } finally {
    file.close();
  }
}

const BEGINNING_BYTES = 4096;

function gunzip(path: string, data: Uint8Array, finishFlush: number = constants.Z_FINISH): Uint8Array {
  // No IDX file that is read here is larger; the limit keeps a hostile archive from filling the memory.
  const limit = 1 << 30;
  try {
    return gunzipSync(data, { maxOutputLength: limit, finishFlush });
  } catch (error) {
    throw new UserError(`${path} must be a whole gzip file, got ${(error as Error).message}`);
  }
}
