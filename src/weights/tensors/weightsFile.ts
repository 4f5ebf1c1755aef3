import type { Float8Dtype } from '../../base/floats/float8.ts';
import type { Rounding } from '../../spectra/measures/rounding.ts';

/** Element types of weights; those of 8 and 16 bits come as float32. */
export type FloatDtype = Float8Dtype | 'float16' | 'bfloat16' | 'float32' | 'float64';

/** Element types whose values can be had; whole numbers are weights only where the file has a scale for them. */
export type NumberDtype =
  | FloatDtype
  | 'float8_e8m0fnu'
  | 'bool'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'int64';

export const LAYER_KINDS = [
  'dense',
  'conv',
  'embedding',
  'recurrent',
  'expert',
  'bilinear',
  'adapter',
] as const;
export type LayerKind = (typeof LAYER_KINDS)[number];

/** How the axes of a convolution kernel lie: kernel sides, inputs, outputs (Keras), or outputs, inputs, kernel sides (PyTorch). */
export type ConvLayout = 'kernelInOut' | 'outInKernel';

/** What the structure of a file says a tensor is for, beyond what its name and shape tell; layerRule.ts says what follows. */
export type TensorUse =
  | 'matrix'
  | 'kernel'
  | 'depthwise'
  | 'embedding'
  | 'recurrent'
  /** Matrices side by side along the first axis, each with inputs of its own: experts, directions. */
  | 'stack'
  | 'bilinear'
  | 'adapter'
  | 'bias'
  | 'scale'
  | 'normalization'
  /** What a module computes from its parameters, or another way to one of them. */
  | 'derived'
  | 'optimizer state';

/** A weight matrix or kernel in a file; its values are read when they are asked for. */
export interface WeightsLayer {
  name: string;
  kind: LayerKind;
  shape: readonly number[];
  /** Element type in the file: `float32`, `int8`, `Q4_K`. Its rounding is in the values. */
  dtype: string;
  /** null for a layer that is no convolution. */
  convLayout: ConvLayout | null;
  /** What was done to the stored values to get the weights, for the notes of its row. */
  notes?: readonly string[];
  /** Asked after `read`: what a quantization rounded the values to; null or left out: `dtype` alone says it. */
  rounding?: (() => Rounding) | null;
  /** Returns the values in row-major order; float64 ones as they are, all others as float32. A broken file is a UserError. */
  read(): Float32Array | Float64Array;
}

export interface SkippedTensor {
  name: string;
  reason: string;
}

export interface WeightsFile {
  path: string;
  format: string;
  /** The layers in the order of the file. */
  layers(): Iterable<WeightsLayer>;
  /** Everything else that is in the file, with the reason why it is no layer. */
  skipped: readonly SkippedTensor[];
  close(): void;
}

/** A tensor as a reader finds it, before it is known whether it is a layer. */
export interface StoredTensor {
  name: string;
  shape: readonly number[];
  /** A NumberDtype, or the file's own word for what it is. */
  dtype: string;
  /** What the file says it is for; null: the shape and the name must tell. */
  use: TensorUse | null;
  /** The convention of the format; null: the name and the shape must tell. */
  convLayout: ConvLayout | null;
  /** Whether `read` undoes a quantization: whole numbers are weights then. */
  dequantized: boolean;
  /** As of a layer. */
  rounding: (() => Rounding) | null;
  /** Why its values cannot be had, in words for its owner; null where they can. */
  unread: string | null;
  notes: readonly string[];
  read(): Float32Array | Float64Array;
}

/** What the reader of a format returns. */
export interface TensorFile {
  format: string;
  tensors: readonly StoredTensor[];
  /** What the reader itself could not take for a tensor. */
  skipped: readonly SkippedTensor[];
  close(): void;
}
