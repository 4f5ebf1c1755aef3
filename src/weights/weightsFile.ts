/** Element types of weights that are read; 16-bit ones come as float32. */
export type FloatDtype = 'float16' | 'bfloat16' | 'float32' | 'float64';

export type LayerKind = 'dense' | 'conv' | 'embedding';

/** How the axes of a convolution kernel lie: kernel sides, inputs, outputs (Keras), or outputs, inputs, kernel sides (PyTorch). */
export type ConvLayout = 'kernelInOut' | 'outInKernel';

/** A weight matrix or kernel in a file; its values are read when they are asked for. */
export interface WeightsLayer {
  name: string;
  kind: LayerKind;
  shape: readonly number[];
  dtype: FloatDtype;
  /** null for a layer that is no convolution. */
  convLayout: ConvLayout | null;
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
  /** A FloatDtype, or the file's own word for what it is. */
  dtype: string;
  /** What the file says it is for; null: the shape and the name must tell. */
  kind: LayerKind | null;
  /** The convention of the format; null: the name and the shape must tell. */
  convLayout: ConvLayout | null;
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
