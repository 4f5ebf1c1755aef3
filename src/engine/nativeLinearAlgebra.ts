import { availableParallelism } from 'node:os';
import { GraphBuilder, type Output, outputAt } from '../graph/graphBuilder.ts';
import { type Feed, GraphSession, type SessionBinding } from '../graph/graphSession.ts';
import type { LinearAlgebra, Matrix } from '../linalg/linearAlgebra.ts';

const float64 = { T: { type: 'float64' } } as const;

/** More matrices at a time than this would need more memory than they save time. */
const MOST_LANES = 8;

/**
 * Returns linear algebra in float64 on the native engine. The binding carries neither float64 in nor out, so doubles travel as pairs
 * of int32 and are turned bit by bit inside the graph; float32 weights are widened there, exactly. An eigenvalue problem keeps one
 * core busy: the graph has a lane a core, which TensorFlow runs side by side.
 */
export function nativeLinearAlgebra(
  binding: SessionBinding,
  lanes = Math.min(availableParallelism(), MOST_LANES),
): LinearAlgebra {
  let session: GraphSession | null = null;
  const run = (matrices: readonly Matrix[], outputs: readonly string[]): Float64Array[] => {
    session ??= new GraphSession(binding, eigenGraph(lanes));
    const feeds: Record<string, Feed> = {};
    const fetches = matrices.flatMap(({ W, rows, cols }, lane) => {
      if (W.length !== rows * cols) {
        throw new RangeError(`W must have ${rows} x ${cols} values, got ${W.length}`);
      }
      const bits = W instanceof Float32Array ? 'float32' : 'float64';
      const side = rows >= cols ? 'tall' : 'wide';
      feeds[`W_${bits}_${lane}`] =
        W instanceof Float32Array
          ? { dtype: 'float32', shape: [rows, cols], data: W }
          : { dtype: 'int32', shape: [rows, cols, 2], data: new Int32Array(W.slice().buffer) };
      return outputs.map((output) => `${bits}_${side}_${output}_${lane}`);
    });
    return session.run(feeds, fetches).map((pairs) => new Float64Array((pairs as Int32Array).slice().buffer));
  };
  return {
    name: 'native',
    lanes,
    eigenvalues(W, rows, cols) {
      const [values] = run([{ W, rows, cols }], ['values']);
      return clampAtZero(values!);
    },
    eigenvaluesOfEach(matrices) {
      const cost = ({ rows, cols }: Matrix): number => Math.min(rows, cols);
      const found = new Map<Matrix, Float64Array>();
      const largestFirst = [...matrices].sort((a, b) => cost(b) - cost(a));
      for (let at = 0; at < largestFirst.length; at += lanes) {
        const together = largestFirst.slice(at, at + lanes);
        const values = run(together, ['values']);
        for (const [i, matrix] of together.entries()) found.set(matrix, clampAtZero(values[i]!));
      }
      return matrices.map((matrix) => found.get(matrix)!);
    },
    eigenvectors(W, rows, cols) {
      const [values, vectors] = run([{ W, rows, cols }], ['values_with_vectors', 'vectors']);
      return { eigenvalues: clampAtZero(values!), vectors: vectors! };
    },
  };
}

/** Rounding leaves the zero eigenvalues of a rank-deficient matrix a little to either side of 0. */
function clampAtZero(values: Float64Array): Float64Array {
  return values.map((value) => Math.max(0, value));
}

/** One graph with every way through: float32 or float64 in, W^T W or W W^T, with or without vectors (in the first lane only). */
function eigenGraph(lanes: number): GraphBuilder {
  const graph = new GraphBuilder();
  for (let lane = 0; lane < lanes; lane++) {
    const widened = graph.op('Cast', [graph.placeholder(`W_float32_${lane}`, 'float32', [-1, -1])], {
      SrcT: { type: 'float32' },
      DstT: { type: 'float64' },
    });
    const assembled = graph.op('Bitcast', [graph.placeholder(`W_float64_${lane}`, 'int32', [-1, -1, 2])], {
      T: { type: 'int32' },
      type: { type: 'float64' },
    });
    for (const [bits, W] of [
      ['float32', widened],
      ['float64', assembled],
    ] as const) {
      for (const side of ['tall', 'wide'] as const) {
        const gram = lowerGram(graph, W, side);
        const name = (output: string): string => `${bits}_${side}_${output}_${lane}`;
        giveOut(graph, eigen(graph, gram, false), name('values'));
        if (lane > 0) continue;
        const both = eigen(graph, gram, true);
        giveOut(graph, both, name('values_with_vectors'));
        const rowsOfVectors = graph.op(
          'Transpose',
          [outputAt(both, 1), graph.constant([1, 0], [2], 'int32')],
          { ...float64, Tperm: { type: 'int32' } },
        );
        giveOut(graph, rowsOfVectors, name('vectors'));
      }
    }
  }
  return graph;
}

/** Blocks that the Gram matrix is cut into each way: of 16 block products 10 reach its lower triangle. */
const GRAM_BLOCKS = 4;

/** W^T W or W W^T with zeros above the diagonal blocks: the eigenvalue solver reads the lower triangle only. */
function lowerGram(graph: GraphBuilder, W: Output, side: 'tall' | 'wide'): Output {
  const int32 = { T: { type: 'int32' } } as const;
  const ints = (values: readonly number[]): Output => graph.constant(values, [values.length], 'int32');
  const pack = (values: readonly Output[]): Output =>
    graph.op('Pack', values, { ...int32, N: { int: values.length }, axis: { int: 0 } });
  const axis = side === 'tall' ? 1 : 0;
  const shape = graph.op('Shape', [W], { ...float64, out_type: { type: 'int32' } });
  const size = graph.op('GatherV2', [shape, graph.scalar(axis, 'int32'), graph.scalar(0, 'int32')], {
    Tparams: { type: 'int32' },
    Tindices: { type: 'int32' },
    Taxis: { type: 'int32' },
    batch_dims: { int: 0 },
  });
  const all = graph.scalar(-1, 'int32');
  const zero = graph.scalar(0, 'int32');
  const edges = Array.from({ length: GRAM_BLOCKS + 1 }, (_, i) => {
    const scaled = graph.op('Mul', [size, graph.scalar(i, 'int32')], int32);
    return graph.op('FloorDiv', [scaled, graph.scalar(GRAM_BLOCKS, 'int32')], int32);
  });
  /** Columns of W (rows, where W is wide) from `start` on, `count` of them. */
  const part = (start: Output, count: Output): Output =>
    graph.op(
      'Slice',
      [W, pack(axis === 1 ? [zero, start] : [start, zero]), pack(axis === 1 ? [all, count] : [count, all])],
      { ...float64, Index: { type: 'int32' } },
    );
  const bands = Array.from({ length: GRAM_BLOCKS }, (_, i) => {
    const [start, end] = [edges[i]!, edges[i + 1]!];
    const product = graph.op('MatMul', [part(start, graph.op('Sub', [end, start], int32)), part(zero, end)], {
      ...float64,
      transpose_a: { bool: side === 'tall' },
      transpose_b: { bool: side === 'wide' },
    });
    const right = graph.op('Sub', [size, end], int32);
    const padding = graph.op('Reshape', [pack([zero, zero, zero, right]), ints([2, 2])], {
      ...int32,
      Tshape: { type: 'int32' },
    });
    return graph.op('Pad', [product, padding], { ...float64, Tpaddings: { type: 'int32' } });
  });
  return graph.op('ConcatV2', [...bands, zero], {
    ...float64,
    N: { int: GRAM_BLOCKS },
    Tidx: { type: 'int32' },
  });
}

function eigen(graph: GraphBuilder, gram: Output, vectors: boolean): Output {
  return graph.op('SelfAdjointEigV2', [gram], { ...float64, compute_v: { bool: vectors } });
}

function giveOut(graph: GraphBuilder, value: Output, name: string): void {
  graph.op('Bitcast', [value], { T: { type: 'float64' }, type: { type: 'int32' } }, { name });
}
