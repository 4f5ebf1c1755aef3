import type { RandomAccessFile } from '../files/randomAccessFile.ts';
import { UserError } from '../files/userError.ts';
import { checkCount } from './limits.ts';
import { type OnnxTensor, readOnnxTensor, readText } from './onnxTensor.ts';
import { type ProtobufField, protobufFields } from './protobufFields.ts';
import type { ConvLayout, LayerKind, SkippedTensor, StoredTensor, TensorFile } from './weightsFile.ts';

/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5, sparseInitializer: 15 } as const;
const NODE = { input: 1, output: 2, opType: 4, attribute: 5 } as const;
const ATTRIBUTE = { name: 1, int: 3, tensor: 5 } as const;

const CONVOLUTIONS = new Set(['Conv', 'ConvTranspose', 'ConvInteger', 'QLinearConv', 'DeformConv']);
const PRODUCTS = new Set(['MatMul', 'Gemm', 'MatMulInteger']);

interface Node {
  inputs: string[];
  outputs: string[];
  opType: string;
  group: number;
  constant: OnnxTensor | null;
}

/** Returns the initializers and constants of an ONNX model; what a node does with them tells what they are. */
export function openOnnx(file: RandomAccessFile): TensorFile {
  let graph: ProtobufField | null = null;
  for (const field of protobufFields(file, 0, file.size)) if (field.number === MODEL_GRAPH) graph = field;
  if (graph === null) throw new UserError(`${file.path} must be an ONNX model, got none of its graphs`);
  const tensors: OnnxTensor[] = [];
  const skipped: SkippedTensor[] = [];
  const users = new Map<string, Node>();
  for (const field of protobufFields(file, graph.start, graph.end)) {
    if (field.number === GRAPH.initializer) tensors.push(readOnnxTensor(file, field.start, field.end));
    else if (field.number === GRAPH.sparseInitializer) {
      skipped.push({ name: `sparse tensor at offset ${field.start}`, reason: 'values are sparse' });
    } else if (field.number === GRAPH.node) {
      const node = readNode(file, field);
      for (const input of node.inputs) if (!users.has(input)) users.set(input, node);
      checkCount(file, 'inputs of nodes', users.size);
      if (node.constant !== null) tensors.push({ ...node.constant, name: node.outputs[0] ?? 'constant' });
    }
    checkCount(file, 'tensors', tensors.length + skipped.length);
  }
  const stored: StoredTensor[] = [];
  for (const tensor of tensors) {
    const use = useOf(tensor, users.get(tensor.name));
    if (typeof use === 'string') skipped.push({ name: tensor.name, reason: use });
    else stored.push({ ...tensor, ...use });
  }
  return { format: 'ONNX', tensors: stored, skipped, close: file.close };
}

/** Returns what a tensor is by the first node that takes it, or the reason why it is no layer. */
function useOf(
  { name, shape }: OnnxTensor,
  user: Node | undefined,
): { kind: LayerKind | null; convLayout: ConvLayout | null } | string {
  if (user !== undefined && CONVOLUTIONS.has(user.opType) && user.inputs[1] === name) {
    if (user.group > 1 && shape[1] === 1) return 'depthwise kernel: no matrix joins its channels';
    return { kind: shape.length > 2 ? 'conv' : null, convLayout: 'outInKernel' };
  }
  if (shape.length > 2) return `${shape.length} dimensions, no convolution`;
  if (user?.opType === 'Gather' && user.inputs[0] === name) return { kind: 'embedding', convLayout: null };
  return { kind: user !== undefined && PRODUCTS.has(user.opType) ? 'dense' : null, convLayout: null };
}

function readNode(file: RandomAccessFile, message: ProtobufField): Node {
  const node: Node = { inputs: [], outputs: [], opType: '', group: 1, constant: null };
  for (const field of protobufFields(file, message.start, message.end)) {
    if (field.number === NODE.input) node.inputs.push(readText(file, field));
    else if (field.number === NODE.output) node.outputs.push(readText(file, field));
    else if (field.number === NODE.opType) node.opType = readText(file, field);
    else if (field.number === NODE.attribute) readAttribute(file, field, node);
  }
  return node;
}

/** Takes from an attribute what is needed: the groups of a convolution, the value of a constant. */
function readAttribute(file: RandomAccessFile, message: ProtobufField, node: Node): void {
  let name = '';
  let int = 0;
  let tensor: ProtobufField | null = null;
  for (const field of protobufFields(file, message.start, message.end)) {
    if (field.number === ATTRIBUTE.name) name = readText(file, field);
    else if (field.number === ATTRIBUTE.int) int = Number(field.value);
    else if (field.number === ATTRIBUTE.tensor) tensor = field;
  }
  if (name === 'group') node.group = int;
  if (name === 'value' && tensor !== null) node.constant = readOnnxTensor(file, tensor.start, tensor.end);
}
