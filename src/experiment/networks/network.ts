import { elementCount } from '../../base/elementCount.ts';
/** A layer with every shape known: what the graph compiler and the initializer read. */
export type Layer =
  | {
      type: 'conv';
      name: string;
      filters: number;
      kernel: number;
      stride: number;
      padding: 'same' | 'valid';
      activation: 'relu' | 'linear';
    }
  | { type: 'maxPool'; size: number; stride: number; padding: 'same' | 'valid' }
  | { type: 'batchNorm'; name: string }
  | { type: 'flatten' }
  | { type: 'dense'; name: string; units: number; activation: 'relu' | 'linear' };

export type Initializer = 'glorotNormalTruncated' | 'glorotUniform';

/** A network as declared: layers from input to logits. The softmax belongs to the loss. */
export interface NetworkDeclaration {
  layers: readonly Layer[];
  initializer: Initializer;
  /** Initial value of every bias. */
  bias: number;
  /** Layers whose weights are snapshotted and analyzed. */
  analyzedLayers: readonly string[];
}

/** A trained or moving tensor of a network. */
export interface Parameter {
  /** `<layer>/kernel`, `/bias`, `/gamma`, `/beta`, `/moving_mean` or `/moving_variance`, after Keras. */
  name: string;
  layer: string;
  kind: 'kernel' | 'bias' | 'gamma' | 'beta' | 'moving_mean' | 'moving_variance';
  shape: readonly number[];
  trainable: boolean;
  /** Of a kernel: inputs and outputs a unit sees, kernel area included, as Glorot's formula wants them. */
  fanIn: number;
  fanOut: number;
}

/** A network for images of a known shape: every layer with its input and output shape (without the batch), and the parameters. */
export interface Network extends NetworkDeclaration {
  inputShape: readonly number[];
  shapes: readonly { input: readonly number[]; output: readonly number[] }[];
  parameters: readonly Parameter[];
}

/** Returns the number of weights, moving statistics included, as Keras's summary counts them. */
export function countParameters(network: Network): number {
  return network.parameters.reduce((sum, parameter) => sum + elementCount(parameter.shape), 0);
}
