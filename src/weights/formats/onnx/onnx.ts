import { checkCount } from '../../../base/files/limits.ts';
import type { RandomAccessFile } from '../../../base/files/randomAccessFile.ts';
import { type ProtobufField, protobufFields } from '../../../base/protobuf/fields.ts';
import { UserError } from '../../../base/userError.ts';
import type { SkippedTensor, TensorFile } from '../../tensors/weightsFile.ts';
import { type OnnxTensor, readOnnxTensor, readText } from './tensor.ts';
import { type OnnxNode, OnnxUsers } from './users.ts';

/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, sparseInitializer: 15 } as const;
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 } as const;
const VALUE_NAME = 1;
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
  readGraph(file, graph, { prefix: '', names: new Set(), outer: null, depth: 0 }, collected);
  const { tensors, skipped, users } = collected;
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return {
    format: 'ONNX',
    tensors: tensors.map((tensor) => users.storedTensor(tensor, byName)),
    skipped,
    close: file.close,
  };
}

/** A graph and what is called by a name in it; a graph in a node (If, Loop, Scan) sees the names around it as well. */
interface Scope {
  /** Before the names of its own tensors: the node and the attribute that it lies in, `If_0/then_branch/`. */
  prefix: string;
  names: Set<string>;
  outer: Scope | null;
  depth: number;
}

function resolve(name: string, scope: Scope): string {
  for (let at: Scope | null = scope; at !== null; at = at.outer) {
    if (at.names.has(name)) return at.prefix + name;
  }
  return name;
}

/** Reads the tensors and nodes of a graph, and returns its outputs. */
function readGraph(
  file: RandomAccessFile,
  graph: ProtobufField,
  scope: Scope,
  collected: Collected,
): string[] {
  const { tensors, skipped, users } = collected;
  checkCount(file, 'graphs in graphs', scope.depth, MAX_DEPTH);
  const nodes: ReadNode[] = [];
  const outputs: string[] = [];
  const add = (tensor: OnnxTensor): void => {
    scope.names.add(tensor.name);
    tensors.push({ ...tensor, name: scope.prefix + tensor.name });
  };
  for (const field of protobufFields(file, graph.start, graph.end)) {
    if (field.number === GRAPH.initializer) add(readOnnxTensor(file, field.start, field.end));
    else if (field.number === GRAPH.sparseInitializer) {
      skipped.push({ name: `sparse tensor at offset ${field.start}`, reason: 'values are sparse' });
    } else if (field.number === GRAPH.input) scope.names.add(valueName(file, field));
    else if (field.number === GRAPH.output) outputs.push(valueName(file, field));
    else if (field.number === GRAPH.node) {
      const read = readNode(file, field);
      nodes.push(read);
      for (const output of read.node.outputs) scope.names.add(output);
      if (read.constant !== null) add({ ...read.constant, name: read.node.outputs[0] ?? 'constant' });
    }
    checkCount(file, 'tensors', tensors.length + skipped.length);
    checkCount(file, 'nodes', nodes.length);
  }
  // Names may be told behind the nodes that use them.
  for (const [i, { node, name, graphs }] of nodes.entries()) {
    const resolved = (names: readonly string[]): string[] => names.map((one) => resolve(one, scope));
    const known = { ...node, inputs: resolved(node.inputs), outputs: resolved(node.outputs) };
    users.add(known);
    for (const inner of graphs) {
      const prefix = `${scope.prefix}${name || `${node.opType}_${i}`}/${inner.attribute}/`;
      const within = { prefix, names: new Set<string>(), outer: scope, depth: scope.depth + 1 };
      const given = readGraph(file, inner.graph, within, collected);
      if (node.opType === 'If') users.addBranch(given, known.outputs);
    }
  }
  return outputs.map((name) => resolve(name, scope));
}

function valueName(file: RandomAccessFile, message: ProtobufField): string {
  for (const field of protobufFields(file, message.start, message.end)) {
    if (field.number === VALUE_NAME) return readText(file, field);
  }
  return '';
}

interface ReadNode {
  node: OnnxNode;
  /** Its own, often left empty. */
  name: string;
  constant: OnnxTensor | null;
  graphs: { attribute: string; graph: ProtobufField }[];
}

function readNode(file: RandomAccessFile, message: ProtobufField): ReadNode {
  const read: ReadNode = {
    node: { inputs: [], outputs: [], opType: '', ints: new Map() },
    name: '',
    constant: null,
    graphs: [],
  };
  const { node } = read;
  for (const field of protobufFields(file, message.start, message.end)) {
    if (field.number === NODE.input) node.inputs.push(readText(file, field));
    else if (field.number === NODE.output) node.outputs.push(readText(file, field));
    else if (field.number === NODE.name) read.name = readText(file, field);
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
  const graphs: ProtobufField[] = [];
  for (const field of protobufFields(file, message.start, message.end)) {
    if (field.number === ATTRIBUTE.name) name = readText(file, field);
    else if (field.number === ATTRIBUTE.int) int = Number(BigInt.asIntN(64, field.value));
    else if (field.number === ATTRIBUTE.tensor) tensor = field;
    else if (field.number === ATTRIBUTE.graph || field.number === ATTRIBUTE.graphs) graphs.push(field);
  }
  for (const [i, graph] of graphs.entries()) {
    read.graphs.push({ attribute: graphs.length === 1 ? name : `${name}[${i}]`, graph });
  }
  if (int !== null) read.node.ints.set(name, int);
  if (name === 'value' && tensor !== null) read.constant = readOnnxTensor(file, tensor.start, tensor.end);
}
