import type { Layer } from '../../experiment/networks/network.ts';
import type { Output } from '../graph/graphBuilder.ts';
import { convolutionAttributes, float32, product, type StepBuilder } from './stepBuilder.ts';
import type { ConvolutionOutput } from './winograd.ts';

/**
 * Adds a convolution of groups of channels by groups of filters: a convolution a group, side by side. TensorFlow has one kernel for all
 * on a CPU, but not for their gradients.
 */
export function addGroupedConvolution(
  step: StepBuilder,
  layer: Extract<Layer, { type: 'conv' }>,
  input: Output,
  kernel: Output,
  inputShape: readonly [number, number, number],
): ConvolutionOutput {
  const { graph } = step;
  const groups = layer.groups ?? 1;
  const [height, width, channels] = inputShape;
  const attributes = convolutionAttributes(layer);
  const split = (value: Output): Output[] => {
    const node = graph.op('Split', [graph.scalar(3, 'int32'), value], {
      ...float32,
      num_split: { int: groups },
    });
    return Array.from({ length: groups }, (_, group) => `${node}:${group}`);
  };
  const join = (values: readonly Output[]): Output =>
    graph.op('ConcatV2', [...values, graph.scalar(3, 'int32')], {
      ...float32,
      N: { int: groups },
      Tidx: { type: 'int32' },
    });
  const inputs = split(input);
  const kernels = split(kernel);
  return {
    value: join(inputs.map((part, group) => product(step, 'Conv2D', [part, kernels[group]!], attributes))),
    backward(gradient, needInput) {
      const parts = split(gradient);
      const kernelShape = [layer.kernel, layer.kernel, channels / groups, layer.filters / groups];
      const kernelSizes = graph.constant(kernelShape, [4], 'int32');
      const dKernel = join(
        parts.map((part, group) =>
          product(step, 'Conv2DBackpropFilter', [inputs[group]!, kernelSizes, part], attributes, [1]),
        ),
      );
      if (!needInput) return { kernel: dKernel, input: null };
      const inputSizes = graph.constant([step.batch, height, width, channels / groups], [4], 'int32');
      const dInput = join(
        parts.map((part, group) =>
          product(step, 'Conv2DBackpropInput', [inputSizes, kernels[group]!, part], attributes, [0]),
        ),
      );
      step.holdUpdate(`${layer.name}/kernel`, dInput);
      return { kernel: dKernel, input: dInput };
    },
  };
}
