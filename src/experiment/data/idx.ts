import { gunzipSync } from 'node:zlib';
import { elementCount } from '../../base/elementCount.ts';
import { UserError } from '../../base/userError.ts';

/** Type code of unsigned bytes in the third byte of an IDX file. */
const UNSIGNED_BYTE = 0x08;
const GZIP_MAGIC = [0x1f, 0x8b];

/** Returns the contents of a file, unpacked when it is gzipped; a broken or cut-off archive is a UserError. */
export function gunzipIfPacked(path: string, data: Uint8Array): Uint8Array {
  return data[0] === GZIP_MAGIC[0] && data[1] === GZIP_MAGIC[1] ? gunzip(path, data) : data;
}

/**
 * Returns the values of an IDX file of unsigned bytes, a view without the header. `shape` is what the header must say:
 * items first, then the sides of an item. A wrong magic number, shape or length is a UserError with the offset.
 */
export function readIdx(path: string, bytes: Uint8Array, shape: readonly number[]): Uint8Array {
  const headerBytes = 4 + 4 * shape.length;
  if (bytes.length < headerBytes) {
    throw new UserError(
      `${path}: the IDX header must have ${headerBytes} bytes, got ${bytes.length} (cut off at offset ${bytes.length})`,
    );
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const magic = header.getUint32(0);
  const expectedMagic = (UNSIGNED_BYTE << 8) | shape.length;
  if (magic !== expectedMagic) {
    throw new UserError(
      `${path}: the magic number at offset 0 must be 0x${hex(expectedMagic)} (bytes in ${shape.length} dimensions), got 0x${hex(magic)}`,
    );
  }
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

function gunzip(path: string, data: Uint8Array): Uint8Array {
  // No IDX file that is read here is larger; the limit keeps a hostile archive from filling the memory.
  const limit = 1 << 30;
  try {
    return gunzipSync(data, { maxOutputLength: limit });
  } catch (error) {
    throw new UserError(`${path} must be a whole gzip file, got ${(error as Error).message}`);
  }
}
