import { elementCount } from '../base/elementCount.ts';
import type { StoredTensor } from './tensors/weightsFile.ts';

/** The reason for passing over a kernel that its neighbours tell. */
export const BY_NEIGHBOURS =
  'depthwise kernel, by its shape and a pointwise kernel that takes as many inputs: no matrix joins its channels';

/**
 * Returns what tells a depthwise kernel among the tensors of a file by those beside it. One of Keras with a multiplier of one, no bias and
 * a name that says nothing has the shape of a convolution with one output. It is taken for depthwise where its channels go on: where no
 * kernel takes the one, and a pointwise kernel takes as many inputs as it has.
 */
export function depthwiseByNeighbours(
  shapes: ReadonlyMap<string, readonly number[]>,
): (tensor: StoredTensor) => boolean {
  const takenByPointwise = new Set<number>();
  let isOneTaken = false;
  for (const shape of shapes.values()) {
    const [inputs, outputs] = [shape.at(-2), shape.at(-1)];
    if (shape.length < 3 || inputs === undefined || outputs === undefined || outputs <= 1) continue;
    isOneTaken ||= inputs === 1;
    if (elementCount(shape) === inputs * outputs) takenByPointwise.add(inputs);
  }
  return ({ name, shape, use, convLayout }) => {
    if (use !== null || convLayout !== 'kernelInOut' || isOneTaken) return false;
    const bias = name.replace(/kernel(:0)?$/, 'bias$1');
    const [inputs, outputs] = [shape.at(-2)!, shape.at(-1)!];
    const hasPositions = elementCount(shape) > inputs * outputs;
    const isNamed = bias !== name && !shapes.has(bias);
    return isNamed && outputs === 1 && inputs > 1 && hasPositions && takenByPointwise.has(inputs);
  };
}
