import type { Output } from '../graph/graphBuilder.ts';
import { float32, type LayerOutput, type StepBuilder } from './stepBuilder.ts';

/** Keras's default. */
export const LAYER_NORM_EPSILON = 1e-3;

/** Adds a normalization over the last axis, the features or channels of each place, with a scale and an offset a channel. */
export function addLayerNorm(
  step: StepBuilder,
  name: string,
  input: Output,
  inputShape: readonly number[],
): LayerOutput {
  const { graph } = step;
  const op = (type: string, ...inputs: Output[]): Output => graph.op(type, inputs, float32);
  const axes = inputShape.map((_, axis) => axis); // all but the last, the batch being axis 0
  const reduce = (type: 'Mean' | 'Sum', value: Output, over: readonly number[], keep: boolean): Output =>
    graph.op(type, [value, graph.constant(over, [over.length], 'int32')], {
      ...float32,
      Tidx: { type: 'int32' },
      keep_dims: { bool: keep },
    });
  const mean = (value: Output): Output => reduce('Mean', value, [inputShape.length], true);

  const centred = op('Sub', input, mean(input));
  const variance = mean(op('Square', centred));
  const inverse = op('Rsqrt', op('AddV2', variance, graph.scalar(LAYER_NORM_EPSILON)));
  const normal = op('Mul', centred, inverse);
  const gamma = step.read(`${name}/gamma`);
  return {
    value: op('AddV2', op('Mul', normal, gamma), step.read(`${name}/beta`)),
    backward(gradient, gradients, needInput) {
      if (step.trains(name)) {
        gradients.set(`${name}/gamma`, reduce('Sum', op('Mul', gradient, normal), axes, false));
        gradients.set(`${name}/beta`, reduce('Sum', gradient, axes, false));
      }
      if (!needInput) return null;
      const dNormal = op('Mul', gradient, gamma);
      const along = op('Mul', normal, mean(op('Mul', dNormal, normal)));
      return op('Mul', inverse, op('Sub', op('Sub', dNormal, mean(dNormal)), along));
    },
  };
}
