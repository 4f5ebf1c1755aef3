import { elementCount } from '../../../base/elementCount.ts';
import { checkCount } from '../../../base/files/limits.ts';
import type { RandomAccessFile } from '../../../base/files/randomAccessFile.ts';
import { isFloatDtype, isNumberDtype } from '../../tensors/floatBytes.ts';
import { blockScaledTensor, scaledTensor } from '../../tensors/scaledTensor.ts';
import { storedTensor, unreadTensor } from '../../tensors/storedTensor.ts';
import type { StoredTensor, TensorUse } from '../../tensors/weightsFile.ts';
import type { OnnxTensor } from './tensor.ts';

export interface OnnxNode {
  inputs: string[];
  outputs: string[];
  opType: string;
  /** Attributes that are one whole number. */
  ints: Map<string, number>;
}

/** A node that takes a tensor, and as which of its inputs. */
interface User {
  node: OnnxNode;
  input: number;
}

/** Where the inputs of an operator stand that hold weights, their bias, and what dequantizes them. */
interface Operator {
  use: 'kernel' | 'matrix' | 'embedding' | 'recurrent' | 'normalization' | 'scale';
  weights: readonly number[];
  bias?: number;
  scale?: number;
  zero?: number;
  /** Axis of the outputs, along which scales may differ. */
  axis?: number;
}

/** Operators of ONNX and of ONNX Runtime (com.microsoft). */
const OPERATORS: Readonly<Record<string, Operator>> = {
  Conv: { use: 'kernel', weights: [1], bias: 2 },
  FusedConv: { use: 'kernel', weights: [1], bias: 2 },
  ConvTranspose: { use: 'kernel', weights: [1], bias: 2 },
  DeformConv: { use: 'kernel', weights: [1], bias: 3 },
  ConvInteger: { use: 'kernel', weights: [1], zero: 3, axis: 0 },
  QLinearConv: { use: 'kernel', weights: [3], bias: 8, scale: 4, zero: 5, axis: 0 },
  MatMul: { use: 'matrix', weights: [0, 1] },
  FusedMatMul: { use: 'matrix', weights: [0, 1] },
  Gemm: { use: 'matrix', weights: [0, 1], bias: 2 },
  FusedGemm: { use: 'matrix', weights: [0, 1], bias: 2 },
  MatMulInteger: { use: 'matrix', weights: [1], zero: 3, axis: -1 },
  MatMulIntegerToFloat: { use: 'matrix', weights: [1], scale: 3, zero: 5, axis: -1 },
  DynamicQuantizeMatMul: { use: 'matrix', weights: [1], scale: 2, zero: 3, axis: -1 },
  QLinearMatMul: { use: 'matrix', weights: [3], scale: 4, zero: 5, axis: -1 },
  QGemm: { use: 'matrix', weights: [3], bias: 6, scale: 4, zero: 5, axis: -1 },
  Attention: { use: 'matrix', weights: [1], bias: 2 },
  Gather: { use: 'embedding', weights: [0] },
  LSTM: { use: 'recurrent', weights: [1, 2], bias: 3 },
  GRU: { use: 'recurrent', weights: [1, 2], bias: 3 },
  RNN: { use: 'recurrent', weights: [1, 2], bias: 3 },
  LayerNormalization: { use: 'normalization', weights: [1], bias: 2 },
  GroupNormalization: { use: 'normalization', weights: [1], bias: 2 },
  RMSNormalization: { use: 'normalization', weights: [1] },
  SimplifiedLayerNormalization: { use: 'normalization', weights: [1] },
  SkipLayerNormalization: { use: 'normalization', weights: [2], bias: 3 },
  PRelu: { use: 'scale', weights: [1] },
};
/** Operators that hand their first input on. */
const PASSES = new Set([
  'Cast',
  'CastLike',
  'Identity',
  'Transpose',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'QuantizeLinear',
]);
const DEQUANTIZE = 'DequantizeLinear';
const SHAPING = new Set(['Transpose', 'Reshape', 'Squeeze', 'Unsqueeze']);
/** Inputs of LSTM, GRU and RNN beside sequence, weights and bias. */
const RECURRENT_INPUTS: Readonly<Record<number, string>> = {
  4: 'sequence lengths',
  5: 'initial state',
  6: 'initial state of the cells',
  7: 'peepholes',
};
/** Nodes between a tensor and the one that uses it. */
const MAX_STEPS = 16;
/** Users of one tensor that are asked: the first of many says as much as the last. */
const MAX_USERS = 16;
/** Ways through the nodes that are followed for one tensor. */
const MAX_WAYS = 256;
const PACKED = new Set(['MatMulNBits', 'MatMulBnb4', 'GatherBlockQuantized', 'DynamicQuantizeLSTM']);

/** What the nodes of a model do with its tensors. */
export class OnnxUsers {
  private readonly file: RandomAccessFile;
  private readonly users = new Map<string, User[]>();
  private count = 0;

  constructor(file: RandomAccessFile) {
    this.file = file;
  }

  add(node: OnnxNode): void {
    node.inputs.forEach((name, input) => {
      const known = this.users.get(name);
      if (known === undefined) this.users.set(name, [{ node, input }]);
      else known.push({ node, input });
    });
    this.count += node.inputs.length;
    checkCount(this.file, 'inputs of nodes', this.count);
  }

  /** Returns a tensor as what its users make of it: followed through casts and the like, dequantized. */
  storedTensor(tensor: OnnxTensor, byName: ReadonlyMap<string, OnnxTensor>): StoredTensor {
    const path = this.follow(tensor.name);
    const plain = storedTensor({ ...tensor, ...useOf(tensor, path) });
    const reason = noWeight(tensor, path.at(-1));
    if (reason !== null) return unreadTensor({ ...tensor, unread: reason });
    const packed = path.some(({ node }) => PACKED.has(node.opType));
    if (packed)
      return unreadTensor({ ...tensor, unread: `packed for ${path[0]!.node.opType}, which is not read` });
    if (isFloatDtype(tensor.dtype) && !tensor.dtype.startsWith('float8')) return plain;
    return dequantized(plain, path, byName);
  }

  /** Returns the nodes from a tensor to the one that uses it, which comes last; the first way that leads to a known operator. */
  private follow(name: string): User[] {
    let first: User[] = [];
    const seen = new Set<string>([name]);
    const open: User[][] = (this.users.get(name) ?? []).slice(0, MAX_USERS).map((user) => [user]);
    let ways = 0;
    for (let path = open.shift(); path !== undefined && ways < MAX_WAYS; path = open.shift(), ways++) {
      const { node, input } = path.at(-1)!;
      const operator = operatorOf(node);
      if (operator !== undefined && [...operator.weights, operator.bias].includes(input)) return path;
      if (first.length === 0) first = path;
      const output = node.outputs[0];
      const passes = input === 0 && (PASSES.has(node.opType) || node.opType === DEQUANTIZE);
      if (!passes || output === undefined || seen.has(output) || path.length >= MAX_STEPS) continue;
      seen.add(output);
      for (const user of (this.users.get(output) ?? []).slice(0, MAX_USERS)) {
        const longer = [...path, user];
        open.push(longer);
      }
    }
    return first;
  }
}

const operatorOf = ({ opType }: OnnxNode): Operator | undefined =>
  Object.hasOwn(OPERATORS, opType) ? OPERATORS[opType] : undefined;

/** Returns why what a node takes as this input is no weight, or null. */
function noWeight({ shape }: OnnxTensor, end: User | undefined): string | null {
  if (end === undefined) return null;
  const { node, input } = end;
  const operator = operatorOf(node);
  if (operator?.use === 'recurrent' && ![...operator.weights, operator.bias].includes(input)) {
    return `${RECURRENT_INPUTS[input] ?? 'an input'} of ${node.opType}, no matrix of weights`;
  }
  return node.opType === 'Einsum' && shape.length > 2
    ? 'an input of Einsum, whose equation is not followed'
    : null;
}

/** Returns what a tensor is by the node at the end of its path. */
function useOf({ shape }: OnnxTensor, path: readonly User[]): Pick<StoredTensor, 'use' | 'convLayout'> {
  const end = path.at(-1);
  const use = (known: TensorUse | null, convLayout: StoredTensor['convLayout'] = null) => ({
    use: known,
    convLayout,
  });
  if (end === undefined) return use(null);
  const { node, input } = end;
  const operator = operatorOf(node);
  if (operator?.bias === input) return use('bias');
  if (operator?.weights.includes(input)) {
    const reshaped = path.some((step) => SHAPING.has(step.node.opType));
    switch (operator.use) {
      case 'kernel': {
        const groups = node.ints.get('group') ?? 1;
        if (groups > 1 && shape[1] === 1) return use('depthwise');
        return shape.length > 2 ? use('kernel', reshaped ? null : 'outInKernel') : use('matrix');
      }
      case 'matrix':
        return shape.length <= 2 ? use('matrix') : use('stack');
      default:
        return use(operator.use);
    }
  }
  const isScale = /^(De)?[qQ]uantizeLinear$|^QLinear|^Dynamic/.test(node.opType) && input > 0;
  if (isScale) return use('scale');
  const isVector = shape.filter((side) => side > 1).length < 2;
  if (isVector && (node.opType === 'Add' || node.opType === 'Sub')) return use('bias');
  if (isVector && (node.opType === 'Mul' || node.opType === 'Div')) return use('scale');
  return use(null);
}

/** Returns a tensor of whole numbers or 8-bit floats as weights, where the nodes on its path have a scale for it. */
function dequantized(
  tensor: StoredTensor,
  path: readonly User[],
  byName: ReadonlyMap<string, OnnxTensor>,
): StoredTensor {
  if (tensor.use === 'bias' || tensor.use === 'scale' || tensor.use === null) return tensor;
  if (!isNumberDtype(tensor.dtype)) {
    const reason = `values are ${tensor.dtype}, ${/4$/.test(tensor.dtype) ? 'packed in less than 8 bits, which is not read' : 'no floats'}`;
    return { ...unreadTensor({ ...tensor, unread: reason }), use: tensor.use };
  }
  const step = path.find(({ node }) => node.opType === DEQUANTIZE);
  const { node } = step ?? path.at(-1)!;
  const operator = operatorOf(node);
  const at = (index: number | undefined): OnnxTensor | undefined =>
    index === undefined ? undefined : byName.get(node.inputs[index] ?? '');
  const zero = at(step === undefined ? operator?.zero : 2);
  // ONNX Runtime's dynamic quantization keeps the scale beside the weight, and applies it further on.
  const beside = byName.get(tensor.name.replace(/_quantized$/, '_scale'));
  const scale =
    at(step === undefined ? operator?.scale : 1) ?? (operator?.zero === undefined ? undefined : beside);
  if (scale === undefined) return tensor;
  if (
    !isFloatDtype(scale.dtype) ||
    (zero !== undefined && !isNumberDtype(zero.dtype) && !isFloatDtype(zero.dtype))
  ) {
    const unread = `its scale is of ${scale.dtype}, its zero point of ${zero?.dtype ?? 'none'}, which is not read`;
    return { ...unreadTensor({ ...tensor, unread }), use: tensor.use };
  }
  const count = elementCount(scale.shape);
  const given = step === undefined ? (operator?.axis ?? 0) : (node.ints.get('axis') ?? 1);
  const axis = given < 0 ? given + tensor.shape.length : given;
  const block = node.ints.get('block_size') ?? 0;
  if (count === 1 || (count === tensor.shape[axis] && scale.shape.length === 1)) {
    return scaledTensor(tensor, { scale: scale.read, zero: zero?.read, axis: count === 1 ? null : axis });
  }
  const isTable = scale.shape.every(
    (side, i) => side === Math.ceil(tensor.shape[i]! / (i === axis ? block : 1)),
  );
  if (!isTable || scale.shape.length !== tensor.shape.length || block < 1) {
    return {
      ...unreadTensor({ ...tensor, unread: `its scale of shape [${scale.shape.join(', ')}] does not fit` }),
      use: tensor.use,
    };
  }
  return blockScaledTensor(tensor, {
    ...scale,
    scale: scale.read,
    zero: zero?.read,
    blockSide: (i) => (i === axis ? block : 1),
  });
}
