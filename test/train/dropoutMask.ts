import { randomStream } from '../../src/base/random/stream.ts';
import { loadEngine } from '../../src/train/engine/loadEngine.ts';
import { GraphBuilder } from '../../src/train/graph/graphBuilder.ts';
import { GraphSession } from '../../src/train/graph/graphSession.ts';

/**
 * Returns what dropout multiplies the activations of a layer by in a step (0, or 1/(1 - rate)), from the definition alone: uniforms
 * of TensorFlow's stateless generator with the two seeds (stream of the purpose, step), kept where they are at least the rate.
 */
export function dropoutMask(
  seed: number,
  layer: string,
  rate: number,
  step: number,
  shape: readonly number[],
): Float64Array {
  const graph = new GraphBuilder();
  const seeds = [randomStream(seed, `dropout/${layer}`).uint32() | 0, step];
  const uniform = graph.op(
    'StatelessRandomUniform',
    [graph.constant(shape, [shape.length], 'int32'), graph.constant(seeds, [2], 'int32')],
    { dtype: { type: 'float32' }, T: { type: 'int32' }, Tseed: { type: 'int32' } },
  );
  const session = new GraphSession(loadEngine().binding, graph);
  try {
    return Float64Array.from(session.run({}, [uniform])[0]!, (u) =>
      u >= Math.fround(rate) ? 1 / (1 - rate) : 0,
    );
  } finally {
    session.close();
  }
}
