import { elementCount } from '../../base/elementCount.ts';

export type Activation = 'relu' | 'gelu' | 'tanh' | 'linear';

/** What any layer may have: a name, and the layer whose output it takes where that is not the one before it. */
interface Placed {
  name?: string | undefined;
  input?: string | undefined;
}

interface Window {
  size: number;
  stride: number;
  padding: 'same' | 'valid';
}

/** A layer with every shape known: what the graph compiler and the initializer read. */
export type Layer = Placed &
  (
    | {
        type: 'conv';
        name: string;
        filters: number;
        kernel: number;
        stride: number;
        padding: 'same' | 'valid';
        /** Parts of the channels that are convolved by themselves; 1 when left out. */
        groups?: number;
        activation: Activation;
      }
    | ({ type: 'maxPool' } & Window)
    | ({ type: 'averagePool' } & Window)
    | { type: 'batchNorm'; name: string }
    | { type: 'layerNorm'; name: string }
    | { type: 'activation'; activation: Activation }
    /** The sum of two outputs: the input, and that of the layer `with`. */
    | { type: 'add'; with: string }
    | { type: 'flatten' }
    | { type: 'dense'; name: string; units: number; activation: Activation }
  );

export type Initializer =
  | 'glorotNormalTruncated'
  | 'glorotUniform'
  | 'glorotNormal'
  | 'heUniform'
  | 'heNormal'
  | 'orthogonal';

/** A network as declared: layers from input to logits. The softmax belongs to the loss. */
export interface NetworkDeclaration {
  layers: readonly Layer[];
  initializer: Initializer;
  /** The initial weights are multiplied by this; 1 when left out. */
  scale?: number;
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

/** Where a layer stands: its input and output shape (without the batch), and where what it takes comes from. */
export interface LayerPlace {
  input: readonly number[];
  output: readonly number[];
  /** The layers whose outputs it takes, by their index; -1: the images. Two for a sum. */
  sources: readonly number[];
}

/** A network for images of a known shape: every layer with its place, and the parameters. */
export interface Network extends NetworkDeclaration {
  inputShape: readonly number[];
  shapes: readonly LayerPlace[];
  parameters: readonly Parameter[];
}

/** Returns whether there are dense layers alone, and what makes images vectors for them. */
export function isDenseOnly(layers: readonly Layer[]): boolean {
  return layers.every(({ type }) => type === 'dense' || type === 'flatten');
}

/** Returns the number of weights, moving statistics included, as Keras's summary counts them. */
export function countParameters(network: Network): number {
  return network.parameters.reduce((sum, parameter) => sum + elementCount(parameter.shape), 0);
}
