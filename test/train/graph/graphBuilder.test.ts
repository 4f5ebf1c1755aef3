import { describe, expect, it } from 'vitest';
import { ProtoMessage } from '../../../src/base/protobuf/message.ts';
import { loadEngine } from '../../../src/train/engine/loadEngine.ts';
import { GraphBuilder, outputAt } from '../../../src/train/graph/graphBuilder.ts';
import { GraphSession } from '../../../src/train/graph/graphSession.ts';
import { readFields, readGraph } from './readGraph.ts';

describe('ProtoMessage', () => {
  it('gives the bytes of the encoding guide', () => {
    // protobuf.dev, Encoding: field 1 = 150; field 2 = "testing"; a message in field 3; -2 in ten bytes
    expect([...new ProtoMessage().int(1, 150).finish()]).toEqual([0x08, 0x96, 0x01]);
    expect(Buffer.from(new ProtoMessage().string(2, 'testing').finish()).toString('hex')).toBe(
      '120774657374696e67',
    );
    expect([...new ProtoMessage().message(3, new ProtoMessage().int(1, 150)).finish()]).toEqual([
      0x1a, 3, 8, 0x96, 1,
    ]);
    expect(Buffer.from(new ProtoMessage().int(1, -2).finish()).toString('hex')).toBe(
      '08feffffffffffffffff01',
    );
    expect(Buffer.from(new ProtoMessage().float(5, 1).finish()).toString('hex')).toBe('2d0000803f');
  });

  it('keeps integers of 64 bits', () => {
    for (const value of [0n, 127n, 128n, 2n ** 32n, 2n ** 63n - 1n, -1n, -(2n ** 63n)]) {
      const [field] = readFields(new ProtoMessage().int(4, value).finish());
      expect(BigInt.asIntN(64, field!.value as bigint)).toBe(value);
    }
  });
});

describe('GraphBuilder', () => {
  it('puts nodes, inputs and control dependencies into a SavedModel', () => {
    const graph = new GraphBuilder();
    const x = graph.placeholder('x', 'float32', [2]);
    const split = graph.op('Unpack', [x], { num: { int: 2 }, T: { type: 'float32' }, axis: { int: 0 } });
    graph.op(
      'Neg',
      [outputAt(split, 1)],
      { T: { type: 'float32' } },
      { name: 'y', after: [split, 'x', 'x:0'] },
    );
    expect(readGraph(graph.toSavedModel()).map(({ name, op, inputs }) => ({ name, op, inputs }))).toEqual([
      { name: 'x', op: 'Placeholder', inputs: [] },
      { name: split, op: 'Unpack', inputs: ['x'] },
      { name: 'y', op: 'Neg', inputs: [`${split}:1`, `^${split}`, '^x'] },
    ]);
    expect(() => graph.op('Neg', [x], {}, { name: 'y' })).toThrow(
      'graph node names must be unique, got y twice',
    );
  });
});

describe('GraphSession', () => {
  it('feeds every dtype, and fetches copies that the caller owns', () => {
    const graph = new GraphBuilder();
    const identity = (dtype: 'float32' | 'int32') =>
      graph.op('Identity', [graph.placeholder(dtype, dtype, [-1])], { T: { type: dtype } });
    const fetches = [
      identity('float32'),
      identity('int32'),
      graph.op('Cast', [graph.placeholder('uint8', 'uint8', [-1])], {
        SrcT: { type: 'uint8' },
        DstT: { type: 'int32' },
      }),
    ];
    const session = new GraphSession(loadEngine().binding, graph);
    const floats = Float32Array.of(1.5, -0, Number.POSITIVE_INFINITY);
    const feeds = {
      float32: { dtype: 'float32', shape: [3], data: floats },
      int32: { dtype: 'int32', shape: [2], data: Int32Array.of(-5, 2 ** 31 - 1) },
      uint8: { dtype: 'uint8', shape: [2], data: Uint8Array.of(0, 255) },
    } as const;
    const first = session.run(feeds, fetches);
    expect(first).toEqual([
      Float32Array.of(1.5, -0, Number.POSITIVE_INFINITY),
      Int32Array.of(-5, 2 ** 31 - 1),
      Int32Array.of(0, 255),
    ]);
    floats[0] = 7;
    expect(first[0]![0]).toBe(1.5);
    expect(session.run(feeds, fetches)[0]![0]).toBe(7);
    session.close();
    session.close();
  });

  it('keeps variables of its own from call to call, and leaves no tensor behind', () => {
    const { binding } = loadEngine();
    const graph = new GraphBuilder();
    const type = { dtype: { type: 'float32' } } as const;
    const v = graph.variable('v', 'float32', []);
    const set = graph.op('AssignVariableOp', [v, graph.placeholder('x', 'float32', [])], type);
    graph.op('Identity', [graph.scalar(1)], { T: { type: 'float32' } }, { name: 'set', after: [set] });
    const add = graph.op('AssignAddVariableOp', [v, graph.scalar(2)], type);
    graph.op('ReadVariableOp', [v], type, { name: 'added', after: [add] });
    const [one, other] = [new GraphSession(binding, graph), new GraphSession(binding, graph)];
    const x = (value: number) => ({
      x: { dtype: 'float32' as const, shape: [], data: Float32Array.of(value) },
    });
    const tensors = binding.getNumOfTensors();
    one.run(x(10), ['set']);
    other.run(x(20), ['set']);
    expect([one, one, other].map((session) => session.run({}, ['added'])[0]![0])).toEqual([12, 14, 22]);
    expect(() => one.run({}, ['nothing'])).toThrow('can not be found in the graph');
    expect(() => one.run(x(1), ['nothing'])).toThrow('can not be found in the graph');
    expect(binding.getNumOfTensors()).toBe(tensors);
    one.close();
    other.close();
  });
});
