import { elementCount } from '../../base/elementCount.ts';
import type { Activation, Layer } from '../../experiment/networks/network.ts';
import { type Output, outputAt } from '../graph/graphBuilder.ts';
import { addActivation } from './activation.ts';
import { addGroupedConvolution } from './groupedConvolution.ts';
import { addLayerNorm } from './layerNorm.ts';
import {
  convolutionAttributes,
  float32,
  hasFusedActivation,
  type LayerOutput,
  product,
  reshape,
  type StepBuilder,
} from './stepBuilder.ts';
import { addWinograd, type ConvolutionOutput, usesWinograd } from './winograd.ts';

/** Keras's defaults for batch normalization. */
export const BATCH_NORM_EPSILON = 1e-3;
export const BATCH_NORM_MOMENTUM = 0.99;

/**
 * Adds a layer to the graph and returns its value and backward pass; `other` is the second input of a sum, which has the gradient of
 * the first. `inputShape` leaves out the batch.
 */
export function addLayer(
  step: StepBuilder,
  layer: Layer,
  input: Output,
  inputShape: readonly number[],
  other?: Output,
): LayerOutput {
  switch (layer.type) {
    case 'conv':
      return addConvolution(step, layer, input, inputShape);
    case 'maxPool':
      return addMaxPool(step, layer, input);
    case 'averagePool':
      return addAveragePool(step, layer, input, inputShape);
    case 'batchNorm':
      return addBatchNorm(step, layer.name, input, inputShape);
    case 'layerNorm':
      return addLayerNorm(step, layer.name, input, inputShape);
    case 'activation':
      return addActivation(step, layer.activation, input);
    case 'add':
      return {
        value: step.graph.op('AddV2', [input, other!], float32),
        backward: (gradient) => gradient,
      };
    case 'flatten':
      return addFlatten(step, input, inputShape);
    case 'dense':
      return addDense(step, layer, input);
  }
}

/** Inverted dropout: kept values are scaled by 1/(1 - rate), so that evaluation needs no change. */
export function addDropout(
  step: StepBuilder,
  layer: string,
  rate: number,
  input: Output,
  shape: readonly number[],
): LayerOutput {
  const { graph } = step;
  const uniform = step.randomUniform(`dropout/${layer}`, [step.batch, ...shape]);
  const keep = graph.op('GreaterEqual', [uniform, graph.scalar(rate)], float32);
  const kept = graph.op('Cast', [keep], { SrcT: { type: 'bool' }, DstT: { type: 'float32' } });
  const mask = graph.op('Mul', [kept, graph.scalar(1 / (1 - rate))], float32);
  return {
    value: graph.op('Mul', [input, mask], float32),
    backward: (gradient) => graph.op('Mul', [gradient, mask], float32),
  };
}

function addConvolution(
  step: StepBuilder,
  layer: Extract<Layer, { type: 'conv' }>,
  input: Output,
  inputShape: readonly number[],
): LayerOutput {
  const kernelName = `${layer.name}/kernel`;
  const add =
    (layer.groups ?? 1) > 1
      ? addGroupedConvolution
      : usesWinograd(step, layer, inputShape)
        ? addWinograd
        : addPlainConvolution;
  const shape = inputShape as readonly [number, number, number];
  const sum = add(step, layer, input, step.read(kernelName), shape);
  const activated = addBiasAndActivation(step, layer, sum.value);
  return {
    value: activated.value,
    backward(gradient, gradients, needInput) {
      const dSum = activated.backward(gradient, gradients, true)!;
      // What nothing asks for, TensorFlow does not compute: the gradient of a kernel that stays as it is.
      const back = sum.backward(dSum, needInput);
      if (step.trains(layer.name)) gradients.set(kernelName, back.kernel);
      return back.input;
    },
  };
}

function addPlainConvolution(
  step: StepBuilder,
  layer: Extract<Layer, { type: 'conv' }>,
  input: Output,
  kernel: Output,
  inputShape: readonly [number, number, number],
): ConvolutionOutput {
  const { graph } = step;
  const attributes = convolutionAttributes(layer);
  return {
    value: product(step, 'Conv2D', [input, kernel], attributes),
    backward(gradient, needInput) {
      const kernelShape = [layer.kernel, layer.kernel, inputShape[2], layer.filters];
      const kernelSizes = graph.constant(kernelShape, [4], 'int32');
      const dKernel = product(step, 'Conv2DBackpropFilter', [input, kernelSizes, gradient], attributes, [1]);
      if (!needInput) return { kernel: dKernel, input: null };
      const inputSizes = graph.constant([step.batch, ...inputShape], [4], 'int32');
      const dInput = product(step, 'Conv2DBackpropInput', [inputSizes, kernel, gradient], attributes, [0]);
      step.holdUpdate(`${layer.name}/kernel`, dInput);
      return { kernel: dKernel, input: dInput };
    },
  };
}

/** Images of a step up to which the fused operators were measured to be faster (docs/notebook/performance.md). */
export const MOST_FUSED_IMAGES = 256;
export const MOST_FUSED_IMAGES_DENSE_ONLY = 512;

/** Returns whether the fused operators have what a dense layer is made of. */
function usesFusedDense(step: StepBuilder, layer: Extract<Layer, { type: 'dense' }>): boolean {
  return (
    step.fusedTraining &&
    hasFusedActivation(layer) &&
    step.trains(layer.name) &&
    step.precision === 'float32' &&
    step.batch <= (step.denseOnly ? MOST_FUSED_IMAGES_DENSE_ONLY : MOST_FUSED_IMAGES)
  );
}

/** The two passes through a dense layer by one operator each; the one back updates the weights. */
function addFusedDense(
  step: StepBuilder,
  { name, activation }: Extract<Layer, { type: 'dense' }>,
  x: Output,
): LayerOutput {
  const relu = activation === 'relu';
  const inputs = [x, step.read(`${name}/kernel`), step.read(`${name}/bias`)];
  const y = step.graph.op('PhasewatchDense', inputs, { relu: { bool: relu } });
  return {
    value: y,
    backward(gradient, _gradients, needInput) {
      const dx = step.trainFused({
        op: 'PhasewatchDenseTraining',
        layer: name,
        inputs: [gradient, y, x],
        attributes: { relu: { bool: relu }, need_input: { bool: needInput } },
      });
      return needInput ? dx : null;
    },
  };
}

function addDense(step: StepBuilder, layer: Extract<Layer, { type: 'dense' }>, input: Output): LayerOutput {
  if (usesFusedDense(step, layer)) return addFusedDense(step, layer, input);
  const kernelName = `${layer.name}/kernel`;
  const kernel = step.read(kernelName);
  const matMul = (a: Output, b: Output, transposeA: boolean, transposeB: boolean): Output =>
    product(step, 'MatMul', [a, b], { transpose_a: { bool: transposeA }, transpose_b: { bool: transposeB } });
  const activated = addBiasAndActivation(step, layer, matMul(input, kernel, false, false));
  return {
    value: activated.value,
    backward(gradient, gradients, needInput) {
      const dSum = activated.backward(gradient, gradients, true)!;
      if (step.trains(layer.name)) gradients.set(kernelName, matMul(input, dSum, true, false));
      if (!needInput) return null;
      const dInput = matMul(dSum, kernel, false, true);
      step.holdUpdate(kernelName, dInput);
      return dInput;
    },
  };
}

/** BiasAdd and Relu right behind the product: TensorFlow fuses the three into one kernel. */
function addBiasAndActivation(
  step: StepBuilder,
  layer: { name: string; activation: Activation },
  sum: Output,
): LayerOutput {
  const { graph } = step;
  const biasName = `${layer.name}/bias`;
  const format = { ...float32, data_format: { string: 'NHWC' } };
  const biased = graph.op('BiasAdd', [sum, step.read(biasName)], format);
  const activated = addActivation(step, layer.activation, biased);
  return {
    value: activated.value,
    backward(gradient, gradients) {
      const dSum = activated.backward(gradient, gradients, true)!;
      if (step.trains(layer.name)) gradients.set(biasName, graph.op('BiasAddGrad', [dSum], format));
      return dSum;
    },
  };
}

function windowAttributes({ size, stride, padding }: Extract<Layer, { type: 'maxPool' | 'averagePool' }>) {
  return {
    ...float32,
    ksize: { ints: [1, size, size, 1] },
    strides: { ints: [1, stride, stride, 1] },
    padding: { string: padding.toUpperCase() },
    data_format: { string: 'NHWC' },
  };
}

function addMaxPool(
  { graph }: StepBuilder,
  layer: Extract<Layer, { type: 'maxPool' }>,
  input: Output,
): LayerOutput {
  const attributes = windowAttributes(layer);
  const value = graph.op('MaxPool', [input], attributes);
  return {
    value,
    backward: (gradient, _gradients, needInput) =>
      needInput ? graph.op('MaxPoolGrad', [input, value, gradient], attributes) : null,
  };
}

/** A window over the border is the mean of what it has of the image. */
function addAveragePool(
  { graph, batch }: StepBuilder,
  layer: Extract<Layer, { type: 'averagePool' }>,
  input: Output,
  inputShape: readonly number[],
): LayerOutput {
  const attributes = windowAttributes(layer);
  return {
    value: graph.op('AvgPool', [input], attributes),
    backward: (gradient, _gradients, needInput) =>
      needInput
        ? graph.op(
            'AvgPoolGrad',
            [graph.constant([batch, ...inputShape], [4], 'int32'), gradient],
            attributes,
          )
        : null,
  };
}

function addFlatten(step: StepBuilder, input: Output, inputShape: readonly number[]): LayerOutput {
  return {
    value: reshape(step, input, [step.batch, elementCount(inputShape)]),
    backward: (gradient, _gradients, needInput) =>
      needInput ? reshape(step, gradient, [step.batch, ...inputShape]) : null,
  };
}

function addBatchNorm(
  step: StepBuilder,
  name: string,
  input: Output,
  inputShape: readonly number[],
): LayerOutput {
  const { graph, batch } = step;
  // As in Keras, one that is not trained uses what it knows of the images, in training too.
  const training = step.training && step.trains(name);
  const channels = inputShape.at(-1)!;
  const flat = inputShape.length === 1;
  // The fused kernel wants four dimensions.
  const shaped = (value: Output, shape: readonly number[]): Output =>
    flat ? reshape(step, value, [batch, ...shape]) : value;
  const attributes = {
    ...float32,
    U: { type: 'float32' },
    epsilon: { float: BATCH_NORM_EPSILON },
    data_format: { string: 'NHWC' },
    is_training: { bool: training },
  } as const;
  const gamma = step.read(`${name}/gamma`);
  const beta = step.read(`${name}/beta`);
  const x = shaped(input, [1, 1, channels]);
  if (!training) {
    const statistics = [step.read(`${name}/moving_mean`), step.read(`${name}/moving_variance`)];
    const fused = graph.op('FusedBatchNormV3', [x, gamma, beta, ...statistics], attributes);
    return {
      value: shaped(fused, [channels]),
      backward(gradient, _gradients, needInput) {
        if (!needInput) return null;
        const deviation = graph.op(
          'Rsqrt',
          [graph.op('AddV2', [statistics[1]!, graph.scalar(BATCH_NORM_EPSILON)], float32)],
          float32,
        );
        return graph.op('Mul', [gradient, graph.op('Mul', [gamma, deviation], float32)], float32);
      },
    };
  }
  const none = graph.constant([], [0], 'float32');
  const fused = graph.op('FusedBatchNormV3', [x, gamma, beta, none, none], attributes);
  const samples = batch * elementCount(inputShape.slice(0, -1));
  addMovingAverage(step, `${name}/moving_mean`, outputAt(fused, 1));
  // The kernel returns the sample variance; Keras and tfjs keep the population variance.
  const population = graph.op('Mul', [outputAt(fused, 2), graph.scalar((samples - 1) / samples)], float32);
  addMovingAverage(step, `${name}/moving_variance`, population);
  return {
    value: shaped(fused, [channels]),
    backward(gradient, gradients, needInput) {
      const inputs = [shaped(gradient, [1, 1, channels]), x, gamma];
      const reserved = [3, 4, 5].map((index) => outputAt(fused, index));
      const grad = graph.op('FusedBatchNormGradV3', [...inputs, ...reserved], attributes);
      gradients.set(`${name}/gamma`, outputAt(grad, 1));
      gradients.set(`${name}/beta`, outputAt(grad, 2));
      return needInput ? shaped(grad, [channels]) : null;
    },
  };
}

function addMovingAverage(step: StepBuilder, name: string, batchValue: Output): void {
  const { graph } = step;
  const difference = graph.op('Sub', [step.read(name), batchValue], float32);
  const decrement = graph.op('Mul', [difference, graph.scalar(1 - BATCH_NORM_MOMENTUM)], float32);
  step.addSideEffect(
    name,
    graph.op('AssignSubVariableOp', [name, decrement], { dtype: { type: 'float32' } }),
  );
}
