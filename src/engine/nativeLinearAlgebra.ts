import { GraphBuilder, type Output, outputAt } from '../graph/graphBuilder.ts';
import { type Feed, GraphSession, type SessionBinding } from '../graph/graphSession.ts';
import type { LinearAlgebra } from '../linalg/linearAlgebra.ts';

const float64 = { T: { type: 'float64' } } as const;

/**
 * Returns linear algebra in float64 on the native engine. The binding carries neither float64 in nor out, so doubles travel as pairs
 * of int32 and are turned bit by bit inside the graph; float32 weights are widened there, exactly.
 */
export function nativeLinearAlgebra(binding: SessionBinding): LinearAlgebra {
  let session: GraphSession | null = null;
  const run = (
    W: Float32Array | Float64Array,
    rows: number,
    cols: number,
    outputs: readonly string[],
  ): Float64Array[] => {
    if (W.length !== rows * cols) {
      throw new RangeError(`W must have ${rows} x ${cols} values, got ${W.length}`);
    }
    session ??= new GraphSession(binding, eigenGraph());
    const bits = W instanceof Float32Array ? 'float32' : 'float64';
    const side = rows >= cols ? 'tall' : 'wide';
    const feed: Feed =
      W instanceof Float32Array
        ? { dtype: 'float32', shape: [rows, cols], data: W }
        : {
            dtype: 'int32',
            shape: [rows, cols, 2],
            data: new Int32Array(W.slice().buffer),
          };
    const fetched = session.run(
      { [`W_${bits}`]: feed },
      outputs.map((output) => `${bits}_${side}_${output}`),
    );
    return fetched.map((pairs) => new Float64Array((pairs as Int32Array).slice().buffer));
  };
  return {
    name: 'native',
    eigenvalues(W, rows, cols) {
      const [values] = run(W, rows, cols, ['values']);
      return clampAtZero(values!);
    },
    eigenvectors(W, rows, cols) {
      const [values, vectors] = run(W, rows, cols, ['values_with_vectors', 'vectors']);
      return { eigenvalues: clampAtZero(values!), vectors: vectors! };
    },
  };
}

/** Rounding leaves the zero eigenvalues of a rank-deficient matrix a little to either side of 0. */
function clampAtZero(values: Float64Array): Float64Array {
  return values.map((value) => Math.max(0, value));
}

/** One graph with every way through: float32 or float64 in, W^T W or W W^T, with or without vectors. */
function eigenGraph(): GraphBuilder {
  const graph = new GraphBuilder();
  const widened = graph.op('Cast', [graph.placeholder('W_float32', 'float32', [-1, -1])], {
    SrcT: { type: 'float32' },
    DstT: { type: 'float64' },
  });
  const assembled = graph.op('Bitcast', [graph.placeholder('W_float64', 'int32', [-1, -1, 2])], {
    T: { type: 'int32' },
    type: { type: 'float64' },
  });
  for (const [bits, W] of [
    ['float32', widened],
    ['float64', assembled],
  ] as const) {
    for (const side of ['tall', 'wide'] as const) {
      const gram = graph.op('MatMul', [W, W], {
        ...float64,
        transpose_a: { bool: side === 'tall' },
        transpose_b: { bool: side === 'wide' },
      });
      const prefix = `${bits}_${side}`;
      giveOut(graph, eigen(graph, gram, false), `${prefix}_values`);
      const both = eigen(graph, gram, true);
      giveOut(graph, both, `${prefix}_values_with_vectors`);
      const columns = outputAt(both, 1);
      const rowsOfVectors = graph.op('Transpose', [columns, graph.constant([1, 0], [2], 'int32')], {
        ...float64,
        Tperm: { type: 'int32' },
      });
      giveOut(graph, rowsOfVectors, `${prefix}_vectors`);
    }
  }
  return graph;
}

function eigen(graph: GraphBuilder, gram: Output, vectors: boolean): Output {
  return graph.op('SelfAdjointEigV2', [gram], { ...float64, compute_v: { bool: vectors } });
}

function giveOut(graph: GraphBuilder, value: Output, name: string): void {
  graph.op('Bitcast', [value], { T: { type: 'float64' }, type: { type: 'int32' } }, { name });
}
