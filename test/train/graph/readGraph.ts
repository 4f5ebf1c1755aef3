/** A node of a GraphDef, as far as tests ask. */
export interface GraphNode {
  name: string;
  op: string;
  inputs: string[];
  /** Bytes of the tensor of a Const; 0 for other nodes. */
  constantBytes: number;
  /** Element types that attributes name, as TensorFlow numbers them (tensorflow/core/framework/types.proto). */
  types: Record<string, number>;
}

type Field = { field: number; value: Uint8Array | bigint };

/** Returns the fields of one protocol-buffer message, by the wire format alone. */
export function readFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (count: number): Uint8Array => {
    at += count;
    return bytes.subarray(at - count, at);
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const kind = key & 7;
    const value = kind === 0 ? varint() : take(kind === 5 ? 4 : kind === 1 ? 8 : Number(varint()));
    fields.push({ field: key >> 3, value });
  }
  return fields;
}

export const messages = (bytes: Uint8Array, field: number): Uint8Array[] =>
  readFields(bytes).flatMap((one) => (one.field === field ? [one.value as Uint8Array] : []));
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** Returns the nodes of the graph in a SavedModel. */
export function readGraph(savedModel: Uint8Array): GraphNode[] {
  const graph = messages(messages(savedModel, 2)[0]!, 2)[0]!;
  return messages(graph, 1).map((node) => ({
    name: text(messages(node, 1)[0]!),
    op: text(messages(node, 2)[0]!),
    inputs: messages(node, 3).map(text),
    constantBytes: messages(node, 5)
      .filter((entry) => text(messages(entry, 1)[0]!) === 'value')
      .flatMap((entry) => messages(messages(entry, 2)[0]!, 8))
      .flatMap((tensor) => messages(tensor, 4))
      .reduce((sum, content) => sum + content.length, 0),
    types: Object.fromEntries(
      messages(node, 5).flatMap((entry) => {
        const type = readFields(messages(entry, 2)[0]!).find(({ field }) => field === 6);
        return type === undefined ? [] : [[text(messages(entry, 1)[0]!), Number(type.value)]];
      }),
    ),
  }));
}
