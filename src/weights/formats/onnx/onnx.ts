import { checkCount, MAX_TENSORS } from '../../../base/files/limits.ts';
import type { RandomAccessFile } from '../../../base/files/randomAccessFile.ts';
import { type ProtobufField, protobufFields } from '../../../base/protobuf/fields.ts';
import { UserError } from '../../../base/userError.ts';
import type { SkippedTensor, TensorFile } from '../../tensors/weightsFile.ts';
import { type OnnxTensor, readOnnxTensor, readText } from './tensor.ts';
import { type OnnxNode, OnnxUsers } from './users.ts';

/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5, sparseInitializer: 15 } as const;
const NODE = { input: 1, output: 2, opType: 4, attribute: 5 } as const;
const ATTRIBUTE = { name: 1, int: 3, tensor: 5, graph: 6, graphs: 11 } as const;
/** Graphs in nodes of graphs; real models have a handful. */
const MAX_DEPTH = 16;

interface Collected {
  tensors: OnnxTensor[];
  skipped: SkippedTensor[];
  users: OnnxUsers;
}

/** Returns the initializers and constants of an ONNX model; what the nodes do with them tells what they are. */
export function openOnnx(file: RandomAccessFile): TensorFile {
  let graph: ProtobufField | null = null;
  for (const field of protobufFields(file, 0, file.size)) if (field.number === MODEL_GRAPH) graph = field;
  if (graph === null) throw new UserError(`${file.path} must be an ONNX model, got none of its graphs`);
  const collected: Collected = { tensors: [], skipped: [], users: new OnnxUsers(file) };
  readGraph(file, graph, 0, collected);
  const { tensors, skipped, users } = collected;
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return {
    format: 'ONNX',
    tensors: tensors.map((tensor) => users.storedTensor(tensor, byName)),
    skipped,
    close: file.close,
  };
}

/** A graph in a node sees the tensors around it: its nodes are users of those. Tensors of its own are not read. */
function readGraph(file: RandomAccessFile, graph: ProtobufField, depth: number, collected: Collected): void {
  const { tensors, skipped, users } = collected;
  checkCount(file, 'graphs in graphs', depth, MAX_DEPTH);
  const add = (tensor: OnnxTensor): void => {
    if (depth === 0) tensors.push(tensor);
    else
      skipped.push({
        name: tensor.name,
        reason: 'lies in a branch of an If, Loop or Scan node, which is not read',
      });
  };
  for (const field of protobufFields(file, graph.start, graph.end)) {
    if (field.number === GRAPH.initializer) add(readOnnxTensor(file, field.start, field.end));
    else if (field.number === GRAPH.sparseInitializer) {
      skipped.push({ name: `sparse tensor at offset ${field.start}`, reason: 'values are sparse' });
    } else if (field.number === GRAPH.node) {
      const { node, constant, graphs } = readNode(file, field);
      users.add(node);
      if (constant !== null) add({ ...constant, name: node.outputs[0] ?? 'constant' });
      for (const inner of graphs) readGraph(file, inner, depth + 1, collected);
    }
    checkCount(file, 'tensors', tensors.length + skipped.length, MAX_TENSORS);
  }
}

interface ReadNode {
  node: OnnxNode;
  constant: OnnxTensor | null;
  graphs: ProtobufField[];
}

function readNode(file: RandomAccessFile, message: ProtobufField): ReadNode {
  const read: ReadNode = {
    node: { inputs: [], outputs: [], opType: '', ints: new Map() },
    constant: null,
    graphs: [],
  };
  const { node } = read;
  for (const field of protobufFields(file, message.start, message.end)) {
    if (field.number === NODE.input) node.inputs.push(readText(file, field));
    else if (field.number === NODE.output) node.outputs.push(readText(file, field));
    else if (field.number === NODE.opType) node.opType = readText(file, field);
    else if (field.number === NODE.attribute) readAttribute(file, field, read);
  }
  return read;
}

/** Takes from an attribute what is needed: numbers, the value of a constant, graphs. */
function readAttribute(file: RandomAccessFile, message: ProtobufField, read: ReadNode): void {
  let name = '';
  let tensor: ProtobufField | null = null;
  let int: number | null = null;
  for (const field of protobufFields(file, message.start, message.end)) {
    if (field.number === ATTRIBUTE.name) name = readText(file, field);
    else if (field.number === ATTRIBUTE.int) int = Number(BigInt.asIntN(64, field.value));
    else if (field.number === ATTRIBUTE.tensor) tensor = field;
    else if (field.number === ATTRIBUTE.graph || field.number === ATTRIBUTE.graphs) read.graphs.push(field);
  }
  if (int !== null) read.node.ints.set(name, int);
  if (name === 'value' && tensor !== null) read.constant = readOnnxTensor(file, tensor.start, tensor.end);
}
