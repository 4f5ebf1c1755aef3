import { isKind, type PickleObject, type PickleValue } from './pickleValue.ts';

/** A NumPy array whose values lie in the pickle itself. */
export interface NumpyArray {
  kind: 'array';
  shape: number[];
  /** A code of NumPy (f4, i8), or the name of a type that NumPy itself has not (bfloat16 of ml_dtypes). */
  code: string;
  bigEndian: boolean;
  fortranOrder: boolean;
  bytes: Uint8Array | null;
}

const RECONSTRUCT = /^numpy\.(_?core)\.multiarray\._reconstruct$/;
const FROM_BUFFER = /^numpy\.(_?core)\.numeric\._frombuffer$/;
/** (NumPy's reconstruct, its arguments, the state of the array, ...). */
const JAX_RECONSTRUCT = /^jax(lib)?\..*\b_reconstruct_(device_)?array$/;
const DTYPE = 'numpy.dtype';

/** Returns the array that a stand-in describes, or null where it is another object, or an array of objects. */
export function numpyArray(value: PickleValue): NumpyArray | null {
  if (!isKind(value, 'object')) return null;
  const state = stateOf(value);
  if (state !== null) {
    // (version, shape, dtype, is Fortran order, bytes or a list of objects)
    const [, shape, dtype, fortranOrder, data] = state;
    return isKind(data, 'list') ? null : arrayOf(shape, dtype, data, fortranOrder === true);
  }
  if (FROM_BUFFER.test(value.name)) {
    const [data, dtype, shape, order] = value.args.items;
    return arrayOf(shape, dtype, data, order === 'F');
  }
  return null;
}

/** Returns the values of an array of objects, or null where it is none. */
export function numpyObjects(value: PickleObject): readonly PickleValue[] | null {
  const data = stateOf(value)?.[4];
  return isKind(data, 'list') ? data.items : null;
}

function stateOf({ name, state, args }: PickleObject): readonly PickleValue[] | null {
  const found = JAX_RECONSTRUCT.test(name) ? args.items[2] : RECONSTRUCT.test(name) ? state : null;
  return isKind(found, 'list') ? found.items : null;
}

function arrayOf(
  size: PickleValue | undefined,
  dtype: PickleValue | undefined,
  data: PickleValue | undefined,
  fortranOrder: boolean,
): NumpyArray | null {
  const shape = isKind(size, 'list') ? size.items : null;
  if (shape === null || !shape.every((side) => Number.isSafeInteger(side) && (side as number) >= 0))
    return null;
  if (!isKind(dtype, 'object') || dtype.name !== DTYPE) return null;
  const type = dtype.args.items[0];
  const code = isKind(type, 'global') ? type.name.replace(/^.*\./, '') : type;
  // Python 2 wrote bytes as text.
  const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
  return {
    kind: 'array',
    shape: shape as number[],
    code: typeof code === 'string' ? code.slice(0, 20) : 'unknown',
    bigEndian: byteOrder(dtype) === '>',
    fortranOrder,
    bytes: bytes instanceof Uint8Array ? bytes : null,
  };
}

/** (version, byte order, ...) is what is set on a dtype. */
const byteOrder = ({ state }: PickleObject): PickleValue | undefined =>
  isKind(state, 'list') ? state.items[1] : undefined;
