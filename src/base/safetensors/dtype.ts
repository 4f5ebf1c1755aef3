import { bfloats16ToFloats, floatsToBfloats16, floatsToHalves, halvesToFloats } from '../floats/halfFloat.ts';

export type TensorData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

type ArrayOf<T extends TensorData> = new (buffer: ArrayBuffer) => T;

/**
 * Element types of a safetensors file that are read and written, with the array their values come in, in the order in which the
 * reference implementation lays tensors out: by falling size, so that each is aligned.
 */
const ARRAYS = {
  U64: BigUint64Array,
  I64: BigInt64Array,
  F64: Float64Array,
  F32: Float32Array,
  U32: Uint32Array,
  I32: Int32Array,
  // Held as float32: JavaScript has no arrays of 16-bit floats.
  BF16: Float32Array,
  F16: Float32Array,
  U16: Uint16Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const satisfies Record<string, ArrayOf<TensorData>>;

export type TensorDtype = keyof typeof ARRAYS;

/** Bytes an element takes in the file. Types that are not here, newer or packed ones, are listed but not read. */
export const DTYPE_BYTES: Readonly<Record<string, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  U64: 8,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  C64: 8,
};

export const TENSOR_DTYPES = Object.keys(ARRAYS) as TensorDtype[];

/** Whether values of this type are read. */
export const isTensorDtype = (dtype: string): dtype is TensorDtype => Object.hasOwn(ARRAYS, dtype);

/** Returns the values of a tensor from its bytes in the file (little-endian); F16 and BF16 come as float32. */
export function decodeTensor(dtype: TensorDtype, bytes: Uint8Array<ArrayBuffer>): TensorData {
  if (dtype === 'F16') return halvesToFloats(new Uint16Array(bytes.buffer));
  if (dtype === 'BF16') return bfloats16ToFloats(new Uint16Array(bytes.buffer));
  return new ARRAYS[dtype](bytes.buffer);
}

/** Returns the bytes of a tensor for the file; float32 values are rounded to nearest even for F16 and BF16. */
export function encodeTensor(name: string, dtype: TensorDtype, data: TensorData): Uint8Array {
  if (!(data instanceof ARRAYS[dtype])) {
    throw new TypeError(
      `data of ${dtype} tensor ${name} must be a ${ARRAYS[dtype].name}, got ${data.constructor.name}`,
    );
  }
  const stored =
    dtype === 'F16'
      ? floatsToHalves(data as Float32Array)
      : dtype === 'BF16'
        ? floatsToBfloats16(data as Float32Array)
        : data;
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}
