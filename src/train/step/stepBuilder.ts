import type { RunConfig } from '../../experiment/config/schema.ts';
import type { Activation } from '../../experiment/networks/network.ts';
import type { Attribute, GraphBuilder, Output } from '../graph/graphBuilder.ts';

/** What a layer needs to put its ops into the graph: the builder, the batch at hand and access to the parameters. */
export interface StepBuilder {
  readonly graph: GraphBuilder;
  /** Images of the batch. */
  readonly batch: number;
  readonly training: boolean;
  readonly precision: RunConfig['precision'];
  readonly convolution: 'winograd' | 'plain';
  /** Whether operators of engine/ops stand for several of TensorFlow's. */
  readonly fused: boolean;
  /** Whether operators may be among them that update a layer's weights as soon as they have their gradient. */
  readonly fusedTraining: boolean;
  /** Whether the whole network is dense layers. */
  readonly denseOnly: boolean;
  /** Returns whether a layer's weights are trained; those of the others stay as they are, moving averages included. */
  trains(layer: string): boolean;
  /** Returns the value of a parameter at the start of the step. */
  read(parameter: string): Output;
  /** Makes the update of a parameter wait for an op that still reads its old value. */
  holdUpdate(parameter: string, reader: Output): void;
  /** Notes an op that changes a variable beside the optimizer, such as a moving average. */
  addSideEffect(variable: string, op: Output): void;
  /** Adds the op that goes back through a layer and updates it; returns the gradient of its input. Only where `fusedTraining`. */
  trainFused(pass: FusedPass): Output;
  /** Returns a float32 tensor of the step's random uniforms in [0, 1), the same for equal (run seed, purpose, step). */
  randomUniform(purpose: string, shape: readonly number[]): Output;
}

/** A layer on its way back: the operator, its inputs before weights and optimizer, and its attributes beside the optimizer's. */
export interface FusedPass {
  op: string;
  layer: string;
  inputs: readonly Output[];
  attributes: Readonly<Record<string, Attribute>>;
}

/** Gradients by parameter name. */
export type Gradients = Map<string, Output>;

/** The forward value of a layer and the op-builder of its backward pass. */
export interface LayerOutput {
  value: Output;
  /** Adds the parameters' gradients to `gradients` and returns the gradient of the input, or null when `needInput` is false. */
  backward(gradient: Output, gradients: Gradients, needInput: boolean): Output | null;
}

/** Returns whether the fused operators have the function behind a layer's sums. */
export function hasFusedActivation({ activation }: { activation: Activation }): boolean {
  return activation === 'relu' || activation === 'linear';
}

export const float32 = { T: { type: 'float32' } } as const satisfies Record<string, Attribute>;

/** Returns the attributes of a convolution and of its gradients. */
export function convolutionAttributes({
  stride,
  padding,
}: {
  stride: number;
  padding: string;
}): Record<string, Attribute> {
  return {
    strides: { ints: [1, stride, stride, 1] },
    padding: { string: padding.toUpperCase() },
    data_format: { string: 'NHWC' },
  };
}

/** Returns the values in another shape; -1 stands for the size that follows from the others. */
export function reshape({ graph }: StepBuilder, value: Output, shape: readonly number[]): Output {
  const sizes = graph.constant(shape, [shape.length], 'int32');
  return graph.op('Reshape', [value, sizes], { ...float32, Tshape: { type: 'int32' } });
}

/**
 * Returns a product of matrices or convolution, in the run's precision: with bfloat16 the float inputs are rounded to it and the
 * result is widened back, so that sums outside the product stay float32. `shapeInputs` are inputs that are not numbers to round.
 */
export function product(
  { graph, precision }: StepBuilder,
  type: string,
  inputs: readonly Output[],
  attributes: Record<string, Attribute>,
  shapeInputs: readonly number[] = [],
): Output {
  if (precision !== 'bfloat16') return graph.op(type, inputs, { ...float32, ...attributes });
  const rounded = inputs.map((input, i) =>
    shapeInputs.includes(i)
      ? input
      : graph.op('Cast', [input], { SrcT: { type: 'float32' }, DstT: { type: 'bfloat16' } }),
  );
  const result = graph.op(type, rounded, { T: { type: 'bfloat16' }, ...attributes });
  return graph.op('Cast', [result], { SrcT: { type: 'bfloat16' }, DstT: { type: 'float32' } });
}
