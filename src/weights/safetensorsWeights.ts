import { openSafetensors } from '../snapshots/safetensors.ts';
import type { FloatDtype, TensorFile } from './weightsFile.ts';

const FLOAT_DTYPES: Readonly<Record<string, FloatDtype>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

/** Returns the tensors of a safetensors file. */
export function openSafetensorsWeights(path: string): TensorFile {
  const file = openSafetensors(path);
  const tensors = file.names.map((name) => {
    const { dtype, shape } = file.info(name);
    return {
      name,
      shape,
      dtype: FLOAT_DTYPES[dtype] ?? dtype,
      kind: null,
      convLayout: null,
      read: () => file.read(name).data as Float32Array | Float64Array,
    };
  });
  return { format: 'safetensors', tensors, skipped: [], close: file.close };
}
