import { elementCount } from '../base/elementCount.ts';
import type { ConvLayout, WeightsLayer } from './tensors/weightsFile.ts';

/** A matrix in row-major order. */
export interface LayerMatrix {
  rows: number;
  cols: number;
  data: Float32Array | Float64Array;
}

/** How a convolution becomes matrices: one for each position of its kernel, pooled, or a single one. */
export type ConvReading = 'slices' | 'flatten';

/** Returns the sides of the matrices of a layer and how many there are, without reading them. */
export function layerShape(
  { shape, convLayout }: WeightsLayer,
  conv: ConvReading,
): { rows: number; cols: number; count: number } {
  if (convLayout === null) return { rows: shape[0]!, cols: shape[1]!, count: 1 };
  const { inputs, outputs, positions } = kernelSides(shape, convLayout);
  return conv === 'flatten'
    ? { rows: positions * inputs, cols: outputs, count: 1 }
    : { rows: inputs, cols: outputs, count: positions };
}

function kernelSides(
  shape: readonly number[],
  convLayout: ConvLayout,
): { inputs: number; outputs: number; positions: number } {
  return convLayout === 'kernelInOut'
    ? { inputs: shape.at(-2)!, outputs: shape.at(-1)!, positions: elementCount(shape.slice(0, -2)) }
    : { inputs: shape[1]!, outputs: shape[0]!, positions: elementCount(shape.slice(2)) };
}

/**
 * Returns the matrices of a layer: a dense or embedding layer is one. A convolution gives, with `slices`, one inputs x outputs matrix for
 * each position of its kernel (WeightWatcher's way), with `flatten` one (positions * inputs) x outputs matrix.
 */
export function layerMatrices(layer: WeightsLayer, { conv }: { conv: ConvReading }): LayerMatrix[] {
  const values = layer.read();
  const { shape } = layer;
  if (layer.convLayout === null) return [{ rows: shape[0]!, cols: shape[1]!, data: values }];
  const { inputs, outputs, positions } = kernelSides(shape, layer.convLayout);
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
