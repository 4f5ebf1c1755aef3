import { type Attribute, GraphBuilder, type Output } from '../src/train/graph/graphBuilder.ts';
import { GraphSession, type SessionBinding } from '../src/train/graph/graphSession.ts';

/** Side of the square matrices multiplied: 16 MiB each, so that the product is bound by arithmetic. */
export const MATRIX_SIDE = 2048;
/** Values of the vectors that memory bandwidth is measured on: 256 MiB each, far beyond any cache. */
const VECTOR_LENGTH = 2 ** 26;

const float32 = { T: { type: 'float32' } } as const satisfies Record<string, Attribute>;
const variableType = { dtype: { type: 'float32' } } as const satisfies Record<string, Attribute>;

/** Returns a function that multiplies two matrices once on the engine and returns the floating-point operations that took. */
export function matrixProduct(binding: SessionBinding): () => number {
  const graph = new GraphBuilder();
  const filled = fill(graph, [MATRIX_SIDE, MATRIX_SIDE]);
  const [a, b] = ['a', 'b'].map((name) => graph.variable(name, 'float32', [MATRIX_SIDE, MATRIX_SIDE]));
  const set = [a!, b!].map((variable) => graph.op('AssignVariableOp', [variable, filled], variableType));
  graph.op('Identity', [graph.scalar(1)], float32, { name: 'ready', after: set });
  const read = [a!, b!].map((variable) => graph.op('ReadVariableOp', [variable], variableType));
  const product = graph.op('MatMul', read, {
    ...float32,
    transpose_a: { bool: false },
    transpose_b: { bool: false },
  });
  takeFirst(graph, product, 2, 'float32', 'done');
  const session = new GraphSession(binding, graph);
  session.run({}, ['ready']);
  return () => {
    session.run({}, ['done']);
    return 2 * MATRIX_SIDE ** 3;
  };
}

/** Returns a function that adds a vector to another in place, once on the engine, and returns the bytes read and written. */
export function vectorUpdate(binding: SessionBinding): () => number {
  const graph = new GraphBuilder();
  const [x, y] = ['x', 'y'].map((name) => graph.variable(name, 'float32', [VECTOR_LENGTH]));
  const set = [x!, y!].map((variable) =>
    graph.op('AssignVariableOp', [variable, fill(graph, [VECTOR_LENGTH])], variableType),
  );
  graph.op('Identity', [graph.scalar(1)], float32, { name: 'ready', after: set });
  const added = graph.op('ReadVariableOp', [y!], variableType);
  const update = graph.op('ResourceApplyGradientDescent', [x!, graph.scalar(1e-3), added], float32);
  graph.op('Identity', [graph.scalar(1)], float32, { name: 'done', after: [update] });
  const session = new GraphSession(binding, graph);
  session.run({}, ['ready']);
  return () => {
    session.run({}, ['done']);
    return 3 * 4 * VECTOR_LENGTH;
  };
}

/**
 * Adds a node `name` that gives the first value of `output`, a tensor with `rank` dimensions. Something must take the value:
 * TensorFlow leaves out what only control dependencies ask for.
 */
export function takeFirst(
  graph: GraphBuilder,
  output: Output,
  rank: number,
  dtype: 'float32' | 'int32' | 'int64',
  name: string,
): void {
  const [begin, size] = [0, 1].map((value) => graph.constant(new Array(rank).fill(value), [rank], 'int32'));
  graph.op('Slice', [output, begin!, size!], { T: { type: dtype }, Index: { type: 'int32' } }, { name });
}

function fill(graph: GraphBuilder, shape: readonly number[]): string {
  return graph.op('Fill', [graph.constant(shape, [shape.length], 'int32'), graph.scalar(0.5)], {
    ...float32,
    index_type: { type: 'int32' },
  });
}
