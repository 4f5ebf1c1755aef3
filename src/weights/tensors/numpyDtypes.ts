import type { NumberDtype } from './weightsFile.ts';

/** Element types by NumPy's codes without the byte order. */
export const NUMPY_DTYPES: Readonly<Record<string, NumberDtype>> = {
  // NumPy has no bfloat16: arrays of the package ml_dtypes are written as two bytes of nothing known.
  V2: 'bfloat16',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  u1: 'uint8',
  i2: 'int16',
  u2: 'uint16',
  i4: 'int32',
  i8: 'int64',
};
