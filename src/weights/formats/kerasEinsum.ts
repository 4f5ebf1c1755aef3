import { elementCount } from '../../base/elementCount.ts';
import { gatherStrided } from '../tensors/floatBytes.ts';
import type { StoredTensor } from '../tensors/weightsFile.ts';

/**
 * Returns the kernel of an EinsumDense as a matrix: the axes over which its equation sums are the inputs, its others the outputs. As it is
 * where the equation does not fit.
 */
export function einsumMatrix(tensor: StoredTensor, equation: string): StoredTensor {
  const [, letters, output] = /^[^,]*,([a-zA-Z]+)->([a-zA-Z.]*)$/.exec(equation.replace(/\s/g, '')) ?? [];
  const { shape } = tensor;
  if (letters?.length !== shape.length || output === undefined) return tensor;
  const axes = shape.map((_, axis) => axis);
  const isOutput = (axis: number): boolean => output.includes(letters[axis]!);
  const order = [...axes.filter((axis) => !isOutput(axis)), ...axes.filter(isOutput)];
  const inputs = elementCount(shape.filter((_, axis) => !isOutput(axis)));
  const matrix = { ...tensor, shape: [inputs, elementCount(shape) / inputs], convLayout: null };
  if (order.every((axis, i) => axis === i)) return matrix;
  const stride = (axis: number): number => elementCount(shape.slice(axis + 1));
  const sides = order.map((axis) => shape[axis]!);
  return { ...matrix, read: () => gatherStrided(tensor.read(), sides, order.map(stride)) };
}
