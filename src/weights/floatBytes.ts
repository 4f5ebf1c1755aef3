import { bfloats16ToFloats, halvesToFloats } from '../snapshots/halfFloat.ts';
import type { FloatDtype } from './weightsFile.ts';

export const FLOAT_BYTES: Record<FloatDtype, number> = { float16: 2, bfloat16: 2, float32: 4, float64: 8 };

export const isFloatDtype = (dtype: string): dtype is FloatDtype => Object.hasOwn(FLOAT_BYTES, dtype);

/** Returns the number of values of a shape; NaN or a huge number where the sides are none. */
export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, side) => product * side, 1);

/** Returns the values in `bytes`, which may be changed: big-endian ones are turned round in place. */
export function decodeFloats(
  dtype: FloatDtype,
  bytes: Uint8Array<ArrayBuffer>,
  bigEndian = false,
): Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> {
  const size = FLOAT_BYTES[dtype];
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
  }
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let start = 0; start + size <= bytes.length; start += size)
    bytes.subarray(start, start + size).reverse();
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
