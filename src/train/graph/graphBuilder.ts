import { ProtoMessage } from '../../base/protobuf/message.ts';

/** TensorFlow's numbers for the element types used here (tensorflow/core/framework/types.proto). */
export const DataType = {
  float32: 1,
  int32: 3,
  uint8: 4,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  resource: 20,
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
  | { floats: readonly number[] }
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

/** A value that goes from one round of a loop to the next. */
export interface Carried {
  value: Output;
  dtype: DataTypeName;
}

/** The loop that nodes are being added to. */
interface Frame {
  name: string;
  /** Runs once a round: a node without inputs would otherwise belong to no loop. */
  pivot: Output;
  inside: Set<string>;
  entered: Map<Output, Output>;
}

/**
 * A TensorFlow GraphDef under construction. Nodes are added in topological order, but for the values that a loop takes back to its
 * start.
 */
export class GraphBuilder {
  private readonly nodes: Uint8Array[] = [];
  private readonly names = new Set<string>();
  /** Element types of what a loop may take in from outside. */
  private readonly types = new Map<Output, DataTypeName>();
  private frame: Frame | null = null;
  private shared: Record<string, Attribute> = {};

  /** Returns the first output of a new node `type(inputs)`; output i > 0 is `${returned}:${i}`. */
  op(
    type: string,
    inputs: readonly Output[],
    attributes: Record<string, Attribute> = {},
    options: OpOptions = {},
  ): Output {
    const taken = inputs.map((input) => this.enter(input));
    const name = options.name ?? `${type}_${this.nodes.length}`;
    if (this.names.has(name)) throw new Error(`graph node names must be unique, got ${name} twice`);
    this.names.add(name);
    this.frame?.inside.add(name);
    const node = new ProtoMessage().string(1, name).string(2, type);
    for (const input of taken) node.string(3, input);
    const after = new Set((options.after ?? []).map(nodeOf));
    if (this.frame !== null && taken.length === 0) after.add(this.frame.pivot);
    for (const dependency of after) node.string(3, `^${dependency}`);
    for (const [key, value] of Object.entries({ ...attributes, ...this.shared })) {
      node.message(5, new ProtoMessage().string(1, key).message(2, encodeAttribute(value)));
    }
    this.nodes.push(node.finish());
    return name;
  }

  /** Gives every node that `add` adds these attributes too. */
  withAttributes<T>(attributes: Record<string, Attribute>, add: () => T): T {
    const before = this.shared;
    this.shared = { ...before, ...attributes };
    try {
      return add();
    } finally {
      this.shared = before;
    }
  }

  /**
   * Returns the values of `carried` after `rounds` rounds of what `body` adds, run one after the other inside one call of the session.
   * `body` is given the number of the round (int32) and the carried values, and returns their next values. From outside it may use
   * placeholders, variables, and what `typed` names. (TensorFlow's control flow: Yu et al. 2018, arXiv:1805.01772.)
   */
  loop(
    name: string,
    rounds: number,
    carried: readonly Carried[],
    body: (round: Output, values: readonly Output[]) => readonly Output[],
  ): Output[] {
    if (this.frame !== null) throw new Error(`loops must not be nested, got ${name} in ${this.frame.name}`);
    const all = [{ value: this.scalar(0, 'int32'), dtype: 'int32' } as Carried, ...carried];
    const frame = {
      frame_name: { string: name },
      is_constant: { bool: false },
      parallel_iterations: { int: 1 },
    };
    const back = (i: number): string => `${name}/next_${i}`;
    const merged = all.map(({ value, dtype }, i) => {
      const T = { T: { type: dtype } } as const;
      const entered = this.op('Enter', [value], { ...T, ...frame });
      return this.op('Merge', [entered, back(i)], { ...T, N: { int: 2 } });
    });
    const limit = this.op('Const', [], constantAttributes([rounds], [], 'int32'), { after: [merged[0]!] });
    const more = this.op('LoopCond', [this.op('Less', [merged[0]!, limit], { T: { type: 'int32' } })]);
    const switched = all.map(({ dtype }, i) => this.op('Switch', [merged[i]!, more], { T: { type: dtype } }));
    const values = all.map(({ dtype }, i) =>
      this.op('Identity', [`${switched[i]}:1`], { T: { type: dtype } }),
    );
    this.frame = { name, pivot: values[0]!, inside: new Set(values), entered: new Map() };
    const [round, ...rest] = values;
    const following = [
      this.op('AddV2', [round!, this.scalar(1, 'int32')], { T: { type: 'int32' } }),
      ...body(round!, rest),
    ];
    this.frame = null;
    if (following.length !== all.length) {
      throw new Error(`body of ${name} must return ${carried.length} values, got ${following.length - 1}`);
    }
    following.forEach((value, i) => {
      this.op('NextIteration', [value], { T: { type: all[i]!.dtype } }, { name: back(i) });
    });
    return carried.map(({ dtype }, i) => this.op('Exit', [switched[i + 1]!], { T: { type: dtype } }));
  }

  /** Says of what type an output is, so that a loop may use it from outside; returns it. */
  typed(output: Output, dtype: DataTypeName): Output {
    this.types.set(output, dtype);
    return output;
  }

  /** Returns what stands inside the loop at hand for an output from outside. */
  private enter(output: Output): Output {
    const { frame } = this;
    if (frame === null || frame.inside.has(nodeOf(output))) return output;
    const known = frame.entered.get(output);
    if (known !== undefined) return known;
    const dtype = this.types.get(output);
    if (dtype === undefined) throw new Error(`type of ${output}, used in ${frame.name}, must be known`);
    this.frame = null;
    const entered = this.op('Enter', [output], {
      T: { type: dtype },
      frame_name: { string: frame.name },
      is_constant: { bool: true },
      parallel_iterations: { int: 1 },
    });
    this.frame = frame;
    frame.inside.add(entered);
    frame.entered.set(output, entered);
    return entered;
  }

  placeholder(name: string, dtype: DataTypeName, shape: readonly number[]): Output {
    this.types.set(name, dtype);
    return this.op('Placeholder', [], { dtype: { type: dtype }, shape: { shape } }, { name });
  }

  /** Returns the handle of a variable; every use of the name in one session is the same storage. */
  variable(name: string, dtype: DataTypeName, shape: readonly number[]): Output {
    this.types.set(name, 'resource');
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
    const constant = this.op('Const', [], constantAttributes(values, shape, dtype));
    return this.frame === null ? this.typed(constant, dtype) : constant;
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

function constantAttributes(
  values: readonly number[],
  shape: readonly number[],
  dtype: 'float32' | 'int32',
): Record<string, Attribute> {
  const typed = dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
  return {
    dtype: { type: dtype },
    value: { tensor: { dtype, shape, bytes: new Uint8Array(typed.buffer) } },
  };
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
  if ('floats' in value) {
    const list = new ProtoMessage();
    for (const float of value.floats) list.float(4, float);
    return message.message(1, list);
  }
  const { dtype, shape, bytes } = value.tensor;
  return message.message(
    8,
    new ProtoMessage().int(1, DataType[dtype]).message(2, encodeShape(shape)).bytes(4, bytes),
  );
}
