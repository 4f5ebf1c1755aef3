import type { RunConfig } from '../../experiment/config/schema.ts';
import { type GraphBuilder, type Output, outputAt } from '../graph/graphBuilder.ts';
import { integerType } from './batch.ts';
import { float32, type StepBuilder } from './stepBuilder.ts';

/** Nodes of a loss. */
export interface LossOutput {
  /** Sum over the images. */
  total: Output;
  /** Images whose label has the largest logit. */
  correct: Output;
  /** Gradient of the batch mean with respect to the logits. */
  dLogits: Output;
}

/**
 * Adds the loss of softmax(logits) against integer labels.
 * With label smoothing s the target is 1 - s + s / classes at the label and s / classes elsewhere, as in Keras.
 * `crossEntropy`: -log p(label). `mse`: mean over the outputs of (p - one-hot)^2, as Keras's `mse` on a softmax layer.
 */
export function addLoss(
  step: StepBuilder,
  { loss, labelSmoothing = 0 }: Pick<RunConfig, 'loss'> & Partial<Pick<RunConfig, 'labelSmoothing'>>,
  logits: Output,
  labels: Output,
  classes: number,
): LossOutput {
  const { graph, batch } = step;
  if (step.fused && loss === 'crossEntropy' && labelSmoothing === 0) {
    const fused = graph.op('PhasewatchCrossEntropy', [logits, labels]);
    return { total: fused, correct: outputAt(fused, 1), dLogits: outputAt(fused, 2) };
  }
  const integers = integerType(step.fused);
  const correct = addCorrect(graph, logits, labels, integers);
  if (loss === 'crossEntropy' && labelSmoothing === 0) {
    const fused = graph.op('SparseSoftmaxCrossEntropyWithLogits', [logits, labels], {
      ...float32,
      Tlabels: { type: integers },
    });
    return {
      total: addSum(graph, fused),
      correct,
      dLogits: graph.op('Mul', [outputAt(fused, 1), graph.scalar(1 / batch)], float32),
    };
  }
  const rest = labelSmoothing / classes;
  const oneHot = graph.op(
    'OneHot',
    [labels, graph.scalar(classes, 'int32'), graph.scalar(1 - labelSmoothing + rest), graph.scalar(rest)],
    { ...float32, TI: { type: integers }, axis: { int: -1 } },
  );
  if (loss === 'crossEntropy') {
    const smoothed = graph.op('SoftmaxCrossEntropyWithLogits', [logits, oneHot], float32);
    return {
      total: addSum(graph, smoothed),
      correct,
      dLogits: graph.op('Mul', [outputAt(smoothed, 1), graph.scalar(1 / batch)], float32),
    };
  }
  const p = graph.op('Softmax', [logits], float32);
  const difference = graph.op('Sub', [p, oneHot], float32);
  const reduceClasses = (type: 'Mean' | 'Sum', value: Output, keep: boolean): Output =>
    graph.op(type, [value, graph.constant([1], [1], 'int32')], {
      ...float32,
      Tidx: { type: 'int32' },
      keep_dims: { bool: keep },
    });
  const perImage = reduceClasses('Mean', graph.op('Square', [difference], float32), false);
  const dP = graph.op('Mul', [difference, graph.scalar(2 / (classes * batch))], float32);
  // Jacobian of the softmax: dLogits = p * (dP - sum(p dP)).
  const inner = reduceClasses('Sum', graph.op('Mul', [p, dP], float32), true);
  const dLogits = graph.op('Mul', [p, graph.op('Sub', [dP, inner], float32)], float32);
  return { total: addSum(graph, perImage), correct, dLogits };
}

function addCorrect(
  graph: GraphBuilder,
  logits: Output,
  labels: Output,
  integers: 'int32' | 'int64',
): Output {
  const predicted = graph.op('ArgMax', [logits, graph.scalar(1, 'int32')], {
    ...float32,
    Tidx: { type: 'int32' },
    output_type: { type: integers },
  });
  const equal = graph.op('Equal', [predicted, labels], { T: { type: integers } });
  return addSum(graph, graph.op('Cast', [equal], { SrcT: { type: 'bool' }, DstT: { type: 'float32' } }));
}

function addSum(graph: GraphBuilder, value: Output): Output {
  return graph.op('Sum', [value, graph.constant([0], [1], 'int32')], {
    ...float32,
    Tidx: { type: 'int32' },
    keep_dims: { bool: false },
  });
}
