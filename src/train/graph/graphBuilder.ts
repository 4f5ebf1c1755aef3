import { ProtoMessage } from '../../base/protobuf/message.ts';

/** TensorFlow's numbers for the element types used here (tensorflow/core/framework/types.proto). */
export const DataType = {
  float32: 1,
  int32: 3,
  uint8: 4,
  int64: 9,
  bool: 10,
  bfloat16: 14,
} as const;
export type DataTypeName = keyof typeof DataType;

/** One output of a node, written `node` or `node:1` as TensorFlow does. */
export type Output = string & { readonly __output?: never };

/** An attribute of a node. The kind is spelled out because TensorFlow tells int from float and type. */
export type Attribute =
  | { type: DataTypeName }
  | { int: number }
  | { ints: readonly number[] }
  | { float: number }
  | { bool: boolean }
  | { string: string }
  | { shape: readonly number[] }
  | { tensor: { dtype: DataTypeName; shape: readonly number[]; bytes: Uint8Array } };

interface OpOptions {
  /** The node's name; chosen when left out. */
  name?: string;
  /** Nodes that must have run before this one. */
  after?: readonly Output[];
}

/** Producer version written into graphs: that of TensorFlow 2.21's own graphs, so that every current op default applies. */
const GRAPH_PRODUCER_VERSION = 1882;

/** Name of the one tag of the SavedModels made here. */
export const SAVED_MODEL_TAG = 'phasewatch';

/** A TensorFlow GraphDef under construction. Nodes are added in topological order. */
export class GraphBuilder {
  private readonly nodes: Uint8Array[] = [];
  private readonly names = new Set<string>();

  /** Returns the first output of a new node `type(inputs)`; output i > 0 is `${returned}:${i}`. */
  op(
    type: string,
    inputs: readonly Output[],
    attributes: Record<string, Attribute> = {},
    options: OpOptions = {},
  ): Output {
    const name = options.name ?? `${type}_${this.nodes.length}`;
    if (this.names.has(name)) throw new Error(`graph node names must be unique, got ${name} twice`);
    this.names.add(name);
    const node = new ProtoMessage().string(1, name).string(2, type);
    for (const input of inputs) node.string(3, input);
    for (const dependency of new Set((options.after ?? []).map(nodeOf))) node.string(3, `^${dependency}`);
    for (const [key, value] of Object.entries(attributes)) {
      node.message(5, new ProtoMessage().string(1, key).message(2, encodeAttribute(value)));
    }
    this.nodes.push(node.finish());
    return name;
  }

  placeholder(name: string, dtype: DataTypeName, shape: readonly number[]): Output {
    return this.op('Placeholder', [], { dtype: { type: dtype }, shape: { shape } }, { name });
  }

  /** Returns the handle of a variable; every use of the name in one session is the same storage. */
  variable(name: string, dtype: DataTypeName, shape: readonly number[]): Output {
    return this.op(
      'VarHandleOp',
      [],
      { dtype: { type: dtype }, shape: { shape }, shared_name: { string: name }, container: { string: '' } },
      { name },
    );
  }

  scalar(value: number, dtype: 'float32' | 'int32' = 'float32'): Output {
    return this.constant([value], [], dtype);
  }

  constant(values: readonly number[], shape: readonly number[], dtype: 'float32' | 'int32'): Output {
    const typed = dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
    const bytes = new Uint8Array(typed.buffer);
    return this.op('Const', [], { dtype: { type: dtype }, value: { tensor: { dtype, shape, bytes } } });
  }

  get nodeCount(): number {
    return this.nodes.length;
  }

  /** Returns the bytes of a SavedModel (saved_model.pb) that holds this graph under `SAVED_MODEL_TAG`. */
  toSavedModel(): Uint8Array {
    const graph = new ProtoMessage();
    for (const node of this.nodes) graph.bytes(1, node);
    graph.message(4, new ProtoMessage().int(1, GRAPH_PRODUCER_VERSION));
    const metaGraph = new ProtoMessage()
      .message(1, new ProtoMessage().string(4, SAVED_MODEL_TAG))
      .message(2, graph);
    return new ProtoMessage().int(1, 1).message(2, metaGraph).finish();
  }
}

/** Returns output `index` of the node that `output` belongs to. */
export function outputAt(output: Output, index: number): Output {
  return index === 0 ? nodeOf(output) : `${nodeOf(output)}:${index}`;
}

function nodeOf(output: Output): string {
  return output.split(':')[0]!;
}

function encodeShape(shape: readonly number[]): ProtoMessage {
  const message = new ProtoMessage();
  for (const size of shape) message.message(2, new ProtoMessage().int(1, size));
  return message;
}

function encodeAttribute(value: Attribute): ProtoMessage {
  const message = new ProtoMessage();
  if ('type' in value) return message.int(6, DataType[value.type]);
  if ('int' in value) return message.int(3, value.int);
  if ('float' in value) return message.float(4, value.float);
  if ('bool' in value) return message.int(5, value.bool ? 1 : 0);
  if ('string' in value) return message.string(2, value.string);
  if ('shape' in value) return message.message(7, encodeShape(value.shape));
  if ('ints' in value) {
    const list = new ProtoMessage();
    for (const int of value.ints) list.int(3, int);
    return message.message(1, list);
  }
  const { dtype, shape, bytes } = value.tensor;
  return message.message(
    8,
    new ProtoMessage().int(1, DataType[dtype]).message(2, encodeShape(shape)).bytes(4, bytes),
  );
}
