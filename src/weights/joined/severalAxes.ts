import { elementCount } from '../../base/elementCount.ts';
import { gatherStrided } from '../tensors/floatBytes.ts';
import type { StoredTensor } from '../tensors/weightsFile.ts';
import type { TensorSet } from './tensorSet.ts';

/** Kernels and biases of attention as Keras and Flax name them: the path, the part that says of what, the leaf. */
const NAME = /^((?:.*[./])?)(\w+)([./])(?:(kernel|vars\/0)|(bias|vars\/1))(:0)?$/;
const INPUT = /^_?(query|key|value)(_dense)?$/;
const OUTPUT = /^(attention_output|_?output_dense|out)$/;
/** Keras's EinsumDense in a file that has only variables. */
const EINSUM = /(^|\/)einsum_dense(_\d+)?\/vars\/0$/;
const NO_EQUATION =
  'which of its axes are inputs says an equation, which is not in this file: save the model as .keras';
/** Parts that stand beside one another. */
const SIBLINGS: Readonly<Record<string, string>> = {
  query: 'attention_output',
  query_dense: 'output_dense',
  _query_dense: '_output_dense',
};

/**
 * Makes matrices of the kernels that have several axes for their inputs or outputs. Where the bias has several too, they are those of the
 * outputs. Of attention queries, keys and values become inputs x (heads * size), also where the heads come first, and the output
 * (heads * size) x outputs; their biases are marked.
 */
export function joinAxes(set: TensorSet): void {
  const shapes = new Map(set.tensors.map(({ name, shape }) => [name, shape]));
  for (const name of set.names) {
    const [, path, part, dot, kernel, bias, end = ''] = NAME.exec(name) ?? [];
    if (path === undefined || part === undefined) continue;
    const tensor = set.get(name)!;
    const beside = (other: string): readonly number[] | undefined =>
      shapes.get(`${path}${other}${dot}${kernel}${end}`);
    if (bias !== undefined) {
      if (INPUT.test(part) && tensor.shape.length === 2) set.put(name, { ...tensor, use: 'bias' });
      continue;
    }
    const ownBias = shapes.get(`${path}${part}${dot}${kernel === 'kernel' ? 'bias' : 'vars/1'}${end}`);
    const outputs = outputAxes(tensor.shape, ownBias);
    if (outputs > 1) set.put(name, { ...tensor, shape: asMatrix(tensor.shape, outputs) });
    else if (tensor.shape.length !== 3) continue;
    else if (INPUT.test(part)) {
      // A convolution of that name has a bias for each output alone.
      if (ownBias?.length === 1) continue;
      const output = SIBLINGS[part.replace(/key|value/, 'query')]!;
      set.put(name, inputMatrix(tensor, beside(output) ?? beside('out')));
    } else if (OUTPUT.test(part) && (part !== 'out' || beside('query')?.length === 3)) {
      set.put(name, { ...tensor, shape: asMatrix(tensor.shape, 1) });
    } else if (EINSUM.test(name)) set.put(name, { ...tensor, unread: NO_EQUATION });
  }
}

/** Returns how many axes at the end of a kernel its bias has too: those of the outputs. */
function outputAxes(kernel: readonly number[], bias: readonly number[] | undefined): number {
  const count = bias?.length ?? 0;
  return count < kernel.length && kernel.slice(-count).join() === bias?.join() ? count : 0;
}

const asMatrix = (shape: readonly number[], outputs: number): readonly number[] => [
  elementCount(shape.slice(0, -outputs)),
  elementCount(shape.slice(-outputs)),
];

/** The output's last axis is as wide as the inputs: where that is the second axis of the kernel, its first are the heads. */
function inputMatrix(tensor: StoredTensor, output: readonly number[] | undefined): StoredTensor {
  const [first, second, third] = tensor.shape as [number, number, number];
  const width = output?.[2];
  if (output?.length !== 3 || first === width || second !== width) {
    return { ...tensor, shape: [first, second * third] };
  }
  return {
    ...tensor,
    shape: [second, first * third],
    read: () => gatherStrided(tensor.read(), [second, first, third], [third, second * third, 1]),
  };
}
