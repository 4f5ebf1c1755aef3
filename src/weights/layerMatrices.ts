import { elementCount } from './tensors/floatBytes.ts';
import type { WeightsLayer } from './tensors/weightsFile.ts';

/** A matrix in row-major order. */
export interface LayerMatrix {
  rows: number;
  cols: number;
  data: Float32Array | Float64Array;
}

/**
 * Returns the matrices of a layer: a dense or embedding layer is one. A convolution gives, with `slices`, one inputs x outputs matrix for
 * each position of its kernel (WeightWatcher's way), with `flatten` one (positions * inputs) x outputs matrix.
 */
export function layerMatrices(layer: WeightsLayer, { conv }: { conv: 'slices' | 'flatten' }): LayerMatrix[] {
  const values = layer.read();
  const { shape } = layer;
  if (layer.convLayout === null) return [{ rows: shape[0]!, cols: shape[1]!, data: values }];
  const [kernel, inputs, outputs] =
    layer.convLayout === 'kernelInOut'
      ? [shape.slice(0, -2), shape.at(-2)!, shape.at(-1)!]
      : [shape.slice(2), shape[1]!, shape[0]!];
  const positions = elementCount(kernel);
  const ordered =
    layer.convLayout === 'kernelInOut' ? values : outputsLast(values, outputs, inputs, positions);
  if (conv === 'flatten') return [{ rows: positions * inputs, cols: outputs, data: ordered }];
  const size = inputs * outputs;
  return Array.from({ length: positions }, (_, position) => ({
    rows: inputs,
    cols: outputs,
    data: ordered.subarray(position * size, (position + 1) * size),
  }));
}

/** Reorders [outputs, inputs, positions] to [positions, inputs, outputs]. */
function outputsLast<T extends Float32Array | Float64Array>(
  values: T,
  outputs: number,
  inputs: number,
  positions: number,
): T {
  const ordered = new (values.constructor as new (length: number) => T)(values.length);
  let from = 0;
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      for (let position = 0; position < positions; position++) {
        ordered[(position * inputs + input) * outputs + output] = values[from++]!;
      }
    }
  }
  return ordered;
}
