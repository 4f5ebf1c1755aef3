import { isKind, type PickleObject, type PickleValue } from './pickleValue.ts';

/** A NumPy array whose values lie in the pickle itself. */
export interface NumpyArray {
  kind: 'array';
  shape: number[];
  /** A code of NumPy: f4, i8, O. */
  code: string;
  bigEndian: boolean;
  fortranOrder: boolean;
  /** null where the values are objects. */
  bytes: Uint8Array | null;
}

const RECONSTRUCT = /^numpy\.(_?core)\.multiarray\._reconstruct$/;
const FROM_BUFFER = /^numpy\.(_?core)\.numeric\._frombuffer$/;
const DTYPE = 'numpy.dtype';

/** Returns the array that a stand-in describes, or null where it is another object. */
export function numpyArray(value: PickleValue): NumpyArray | null {
  if (!isKind(value, 'object')) return null;
  if (RECONSTRUCT.test(value.name) && isKind(value.state, 'list')) {
    // (version, shape, dtype, is Fortran order, bytes or a list of objects)
    const [, shape, dtype, fortranOrder, data] = value.state.items;
    return arrayOf(shape, dtype, data, fortranOrder === true);
  }
  if (FROM_BUFFER.test(value.name)) {
    const [data, dtype, shape, order] = value.args.items;
    return arrayOf(shape, dtype, data, order === 'F');
  }
  return null;
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
  const code = dtype.args.items[0];
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
