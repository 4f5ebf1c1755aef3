import type { OptimizerConfig } from '../../experiment/config/schema.ts';
import type { Attribute, GraphBuilder, Output } from '../graph/graphBuilder.ts';
import { float32 } from './stepBuilder.ts';

/** Numbers of `Rule` in engine/ops/simd.h. */
const FUSED_RULES = { sgd: 0, momentum: 1, nesterov: 2, adadelta: 3, adam: 4 } as const;

/** Returns the attributes that tell a fused operator how to update weights: Keras's formulas, as below. */
export function fusedUpdate(optimizer: OptimizerConfig): Record<string, Attribute> {
  const { type, momentum, rho, beta1, beta2, epsilon } = optimizer;
  const decay = type === 'adam' ? beta1 : type === 'adadelta' ? rho : momentum;
  return {
    rule: { int: FUSED_RULES[type] },
    decay: { float: decay },
    decay2: { float: beta2 },
    epsilon: { float: epsilon },
  };
}

/** Scalars that an update needs and that change from step to step. */
export interface StepScalars {
  learningRate: Output;
  /** 1-based number of the step since the start of the run, float32; Adam's bias correction. */
  stepNumber: Output;
}

/**
 * Returns a function that adds the native update of one parameter, by Keras's formulas, and returns the op. `slots` are the handles
 * named by `optimizerSlots`; the update runs after the ops in `after`.
 */
export function optimizerUpdate(
  graph: GraphBuilder,
  optimizer: OptimizerConfig,
  { learningRate, stepNumber }: StepScalars,
): (variable: Output, slots: readonly Output[], gradient: Output, after: readonly Output[]) => Output {
  const { type, momentum, rho, beta1, beta2, epsilon } = optimizer;
  switch (type) {
    case 'sgd':
      return (variable, _slots, gradient, after) =>
        graph.op('ResourceApplyGradientDescent', [variable, learningRate, gradient], float32, { after });
    case 'momentum':
    case 'nesterov': {
      const decay = graph.scalar(momentum);
      return (variable, slots, gradient, after) =>
        graph.op(
          'ResourceApplyKerasMomentum',
          [variable, ...slots, learningRate, gradient, decay],
          { ...float32, use_nesterov: { bool: type === 'nesterov' } },
          { after },
        );
    }
    case 'adadelta': {
      const scalars = [learningRate, graph.scalar(rho), graph.scalar(epsilon)];
      return (variable, slots, gradient, after) =>
        graph.op('ResourceApplyAdadelta', [variable, ...slots, ...scalars, gradient], float32, { after });
    }
    case 'adam': {
      const b1 = graph.scalar(beta1);
      const b2 = graph.scalar(beta2);
      const powers = [b1, b2].map((beta) => graph.op('Pow', [beta, stepNumber], float32));
      const scalars = [...powers, learningRate, b1, b2, graph.scalar(epsilon)];
      return (variable, slots, gradient, after) =>
        graph.op('ResourceApplyAdam', [variable, ...slots, ...scalars, gradient], float32, { after });
    }
  }
}
