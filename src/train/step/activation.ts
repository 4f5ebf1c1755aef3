import type { Activation } from '../../experiment/networks/network.ts';
import type { Output } from '../graph/graphBuilder.ts';
import { float32, type LayerOutput, type StepBuilder } from './stepBuilder.ts';

/** Adds an activation; `gelu` is x times the normal distribution function of x, as Keras's with `approximate=False`. */
export function addActivation(step: StepBuilder, activation: Activation, input: Output): LayerOutput {
  const { graph } = step;
  switch (activation) {
    case 'linear':
      return { value: input, backward: (gradient) => gradient };
    case 'relu': {
      const value = graph.op('Relu', [input], float32);
      return { value, backward: (gradient) => graph.op('ReluGrad', [gradient, value], float32) };
    }
    case 'tanh': {
      const value = graph.op('Tanh', [input], float32);
      return { value, backward: (gradient) => graph.op('TanhGrad', [value, gradient], float32) };
    }
    case 'gelu':
      return addGelu(step, input);
  }
}

function addGelu({ graph }: StepBuilder, x: Output): LayerOutput {
  const op = (type: string, ...inputs: Output[]): Output => graph.op(type, inputs, float32);
  const erf = op('Erf', op('Mul', x, graph.scalar(Math.SQRT1_2)));
  const below = op('Mul', op('AddV2', erf, graph.scalar(1)), graph.scalar(0.5));
  return {
    value: op('Mul', x, below),
    backward(gradient) {
      const density = op(
        'Mul',
        op('Exp', op('Mul', op('Square', x), graph.scalar(-0.5))),
        graph.scalar(1 / Math.sqrt(2 * Math.PI)),
      );
      return op('Mul', gradient, op('AddV2', below, op('Mul', x, density)));
    },
  };
}
