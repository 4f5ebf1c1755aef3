import { elementCount } from '../../base/elementCount.ts';
import type { RandomAccessFile } from '../../base/files/randomAccessFile.ts';
import { bytesToFloats } from '../../base/floats/float8.ts';
import { bfloats16ToFloats, halvesToFloats } from '../../base/floats/halfFloat.ts';
import type { FloatDtype, NumberDtype } from './weightsFile.ts';

/** Bytes of the floats that a layer may be stored in. */
export const FLOAT_BYTES: Record<FloatDtype, number> = {
  float8_e4m3fn: 1,
  float8_e4m3fnuz: 1,
  float8_e5m2: 1,
  float8_e5m2fnuz: 1,
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
};

/** Bytes of everything whose values can be had; whole numbers are no weights by themselves, but with a scale they are. */
export const NUMBER_BYTES: Record<NumberDtype, number> = {
  ...FLOAT_BYTES,
  float8_e8m0fnu: 1,
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  int64: 8,
};

export const isFloatDtype = (dtype: string): dtype is FloatDtype => Object.hasOwn(FLOAT_BYTES, dtype);

export const isNumberDtype = (dtype: string): dtype is NumberDtype => Object.hasOwn(NUMBER_BYTES, dtype);

/** Returns the values in `bytes`, which may be changed: big-endian ones are turned round in place. Those of 64 bits come as float64, all others as float32, which rounds int32. */
export function decodeNumbers(
  dtype: NumberDtype,
  bytes: Uint8Array<ArrayBuffer>,
  bigEndian = false,
): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
  const size = NUMBER_BYTES[dtype];
  if (bigEndian) swapBytes(bytes, size);
  const length = Math.floor(bytes.length / size);
  // An odd offset into a shared buffer cannot be viewed as floats.
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  switch (dtype) {
    case 'float16':
      return halvesToFloats(new Uint16Array(buffer, byteOffset, length));
    case 'bfloat16':
      return bfloats16ToFloats(new Uint16Array(buffer, byteOffset, length));
    case 'float32':
      return new Float32Array(buffer, byteOffset, length);
    case 'float64':
      return new Float64Array(buffer, byteOffset, length);
    case 'int8':
      return Float32Array.from(new Int8Array(buffer, byteOffset, length));
    case 'float8_e8m0fnu':
      return Float32Array.from(new Uint8Array(buffer, byteOffset, length), powerOfTwo);
    case 'bool':
    case 'uint8':
      return Float32Array.from(new Uint8Array(buffer, byteOffset, length));
    case 'int16':
      return Float32Array.from(new Int16Array(buffer, byteOffset, length));
    case 'uint16':
      return Float32Array.from(new Uint16Array(buffer, byteOffset, length));
    case 'int32':
      return Float32Array.from(new Int32Array(buffer, byteOffset, length));
    case 'int64':
      return Float64Array.from(new BigInt64Array(buffer, byteOffset, length), Number);
    default:
      return bytesToFloats(dtype, new Uint8Array(buffer, byteOffset, length));
  }
}

/** Read at a time where values take more memory than their bytes: those of a whole layer would be half as much again. */
const PIECE_BYTES = 2 ** 24;

/** Returns the values of `count` numbers that lie in a file from `offset` on; `what` names them in errors. */
export function readNumbers(
  file: RandomAccessFile,
  dtype: NumberDtype,
  { offset, count, bigEndian = false }: { offset: number; count: number; bigEndian?: boolean },
  what: string,
): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
  const size = NUMBER_BYTES[dtype];
  const bytes = count * size;
  // What lies outside the file is refused by `read`, before anything is allocated.
  const whole = bytes <= PIECE_BYTES || offset + bytes > file.size;
  if (whole || dtype === 'float32' || dtype === 'float64') {
    return decodeNumbers(dtype, file.read(offset, bytes, what), bigEndian);
  }
  const values = dtype === 'int64' ? new Float64Array(count) : new Float32Array(count);
  for (let done = 0; done < bytes; done += PIECE_BYTES) {
    const piece = file.read(offset + done, Math.min(PIECE_BYTES, bytes - done), what);
    values.set(decodeNumbers(dtype, piece, bigEndian), done / size);
  }
  return values;
}

/** Returns what a byte says that is an exponent alone (E8M0), as scales of small blocks are. */
export const powerOfTwo = (byte: number): number => (byte === 0xff ? Number.NaN : 2 ** (byte - 127));

function swapBytes(bytes: Uint8Array, size: number): void {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length - (bytes.length % size));
  if (size === 2) whole.swap16();
  else if (size === 4) whole.swap32();
  else if (size === 8) whole.swap64();
}

/**
 * Returns the values of a strided tensor in row-major order. `strides` count elements of `values`, one for each axis; every index they
 * lead to must lie in `values`.
 */
export function gatherStrided<T extends Float32Array | Float64Array>(
  values: T,
  shape: readonly number[],
  strides: readonly number[],
): T {
  const length = elementCount(shape);
  const gathered = new (values.constructor as new (length: number) => T)(length);
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < length; to++) {
    gathered[to] = values[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return gathered;
}

/** Returns the strides of a tensor that is stored column by column (Fortran order). */
export function columnMajorStrides(shape: readonly number[]): number[] {
  let stride = 1;
  return shape.map((side) => {
    const own = stride;
    stride *= side;
    return own;
  });
}
