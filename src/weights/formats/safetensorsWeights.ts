import type { RandomAccessFile } from '../../base/files/randomAccessFile.ts';
import { readSafetensorsHeader } from '../../base/safetensors/header.ts';
import { NUMBER_BYTES, readNumbers } from '../tensors/floatBytes.ts';
import { storedTensor } from '../tensors/storedTensor.ts';
import type { NumberDtype, TensorFile } from '../tensors/weightsFile.ts';

const DTYPES: Readonly<Record<string, NumberDtype>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8_e4m3fn',
  F8_E5M2: 'float8_e5m2',
  F8_E4M3FNUZ: 'float8_e4m3fnuz',
  F8_E5M2FNUZ: 'float8_e5m2fnuz',
  F8_E8M0: 'float8_e8m0fnu',
  BOOL: 'bool',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  U16: 'uint16',
  I8: 'int8',
  U8: 'uint8',
};

/** Returns the tensors of a safetensors file. */
export function openSafetensorsWeights(file: RandomAccessFile): TensorFile {
  const { tensors } = readSafetensorsHeader(file);
  return {
    format: 'safetensors',
    tensors: [...tensors].map(([name, { dtype, shape, offset, bytes }]) => {
      const known = Object.hasOwn(DTYPES, dtype) ? DTYPES[dtype]! : null;
      return storedTensor({
        name,
        shape,
        dtype: known ?? dtype,
        read: () =>
          readNumbers(file, known!, { offset, count: bytes / NUMBER_BYTES[known!] }, `tensor ${name}`),
      });
    }),
    skipped: [],
    close: file.close,
  };
}
