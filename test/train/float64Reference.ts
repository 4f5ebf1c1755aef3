import type { RunConfig } from '../../src/experiment/config/schema.ts';
import type { Activation, Layer, Network } from '../../src/experiment/networks/network.ts';
import { LAYER_NORM_EPSILON } from '../../src/train/step/layerNorm.ts';
import { BATCH_NORM_EPSILON } from '../../src/train/step/layers.ts';

/** Values of a batch, image by image, each in rows of pixels of channels. */
type Batch = Float64Array[];

/** What a loss is computed from; `masks` holds, by layer, what dropout multiplies the whole batch by. */
export interface ReferenceStep {
  network: Network;
  loss: RunConfig['loss'];
  l2: RunConfig['l2'];
  images: Batch;
  labels: readonly number[];
  masks: ReadonlyMap<string, Float64Array>;
  /** Share of the target that goes to all classes alike. */
  labelSmoothing?: number;
  /** Layers of which batch norm has moving statistics instead of those of the batch; none when left out. */
  frozen?: readonly string[];
}

/** Returns the loss of a training step in float64, from the definitions, by plain loops. */
export function referenceLoss(step: ReferenceStep, parameters: ReadonlyMap<string, Float64Array>): number {
  const values: Batch[] = [];
  step.network.layers.forEach((layer, index) => {
    const { sources } = step.network.shapes[index]!;
    const [input, other] = sources.map((source) => (source < 0 ? step.images : values[source]!));
    const isFrozen = step.frozen?.includes(layer.name ?? '') ?? false;
    let value = forward(layer, input!, step.network.shapes[index]!, parameters, { other, isFrozen });
    const mask = step.masks.get(layer.name ?? '');
    if (mask !== undefined) {
      value = value.map((image, i) => image.map((x, j) => x * mask[i * image.length + j]!));
    }
    values.push(value);
  });
  const value = values.at(-1)!;
  let penalty = 0;
  for (const layer of step.l2?.layers ?? []) {
    for (const w of parameters.get(`${layer}/kernel`)!) penalty += step.l2!.coefficient * w ** 2;
  }
  const losses = value.map((logits, i) =>
    imageLoss(step.loss, logits, step.labels[i]!, step.labelSmoothing ?? 0),
  );
  return losses.reduce((a, b) => a + b, 0) / losses.length + penalty;
}

/** Abramowitz and Stegun 7.1.5, the series of the error function; exact to rounding for the small x of these tests. */
export function errorFunction(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= -(x ** 2) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function activate(activation: Activation, x: number): number {
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return Math.max(0, x);
    case 'tanh':
      return Math.tanh(x);
    case 'gelu':
      return (x * (1 + errorFunction(x / Math.SQRT2))) / 2;
  }
}

function imageLoss(loss: RunConfig['loss'], logits: Float64Array, label: number, smoothing: number): number {
  const target = (k: number): number => (k === label ? 1 - smoothing : 0) + smoothing / logits.length;
  const top = Math.max(...logits);
  const exponentials = logits.map((z) => Math.exp(z - top));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  if (loss === 'crossEntropy') {
    return logits.reduce((all, z, k) => all + target(k) * (Math.log(sum) - (z - top)), 0);
  }
  const squares = exponentials.map((e, k) => (e / sum - target(k)) ** 2);
  return squares.reduce((a, b) => a + b, 0) / logits.length;
}

function forward(
  layer: Layer,
  input: Batch,
  { input: from, output: to }: { input: readonly number[]; output: readonly number[] },
  parameters: ReadonlyMap<string, Float64Array>,
  { other, isFrozen }: { other: Batch | undefined; isFrozen: boolean },
): Batch {
  switch (layer.type) {
    case 'flatten':
      return input;
    case 'dense': {
      const W = parameters.get(`${layer.name}/kernel`)!;
      const b = parameters.get(`${layer.name}/bias`)!;
      return input.map((x) =>
        b.map((bias, k) => {
          let sum = bias;
          x.forEach((value, j) => {
            sum += value * W[j * layer.units + k]!;
          });
          return activate(layer.activation, sum);
        }),
      );
    }
    case 'batchNorm': {
      const channels = from.at(-1)!;
      const gamma = parameters.get(`${layer.name}/gamma`)!;
      const beta = parameters.get(`${layer.name}/beta`)!;
      const { mean, variance } = isFrozen
        ? {
            mean: parameters.get(`${layer.name}/moving_mean`)!,
            variance: parameters.get(`${layer.name}/moving_variance`)!,
          }
        : channelMoments(input, channels);
      return input.map((x) =>
        x.map((value, j) => {
          const c = j % channels;
          const normalized = (value - mean[c]!) / Math.sqrt(variance[c]! + BATCH_NORM_EPSILON);
          return gamma[c]! * normalized + beta[c]!;
        }),
      );
    }
    case 'conv': {
      const W = parameters.get(`${layer.name}/kernel`)!;
      const b = parameters.get(`${layer.name}/bias`)!;
      const groups = layer.groups ?? 1;
      const channels = from[2]! / groups;
      return input.map((x) =>
        overWindows(from, to, layer.kernel, layer.stride, layer.padding, (pixels, filter) => {
          let sum = b[filter]!;
          const first = Math.floor(filter / (layer.filters / groups)) * channels;
          for (const { row, column, offset } of pixels) {
            for (let c = 0; c < channels; c++) {
              const weight = ((row * layer.kernel + column) * channels + c) * layer.filters + filter;
              sum += x[offset + first + c]! * W[weight]!;
            }
          }
          return activate(layer.activation, sum);
        }),
      );
    }
    case 'layerNorm': {
      const channels = from.at(-1)!;
      const gamma = parameters.get(`${layer.name}/gamma`)!;
      const beta = parameters.get(`${layer.name}/beta`)!;
      return input.map((x) =>
        x.map((value, j) => {
          const place = x.subarray(j - (j % channels), j - (j % channels) + channels);
          const mean = place.reduce((sum, y) => sum + y, 0) / channels;
          const variance = place.reduce((sum, y) => sum + (y - mean) ** 2, 0) / channels;
          const c = j % channels;
          return (gamma[c]! * (value - mean)) / Math.sqrt(variance + LAYER_NORM_EPSILON) + beta[c]!;
        }),
      );
    }
    case 'activation':
      return input.map((x) => x.map((value) => activate(layer.activation, value)));
    case 'add':
      return input.map((x, i) => x.map((value, j) => value + other![i]![j]!));
    case 'averagePool':
      return input.map((x) =>
        overWindows(
          from,
          to,
          layer.size,
          layer.stride,
          layer.padding,
          (pixels, channel) =>
            pixels.reduce((sum, { offset }) => sum + x[offset + channel]!, 0) / pixels.length,
        ),
      );
    case 'maxPool':
      return input.map((x) =>
        overWindows(from, to, layer.size, layer.stride, layer.padding, (pixels, channel) =>
          Math.max(...pixels.map(({ offset }) => x[offset + channel]!)),
        ),
      );
  }
}

/** Mean and population variance of each channel over batch and pixels. */
export function channelMoments(
  input: Batch,
  channels: number,
): { mean: Float64Array; variance: Float64Array } {
  const samples = (input.length * input[0]!.length) / channels;
  const average = (term: (value: number, channel: number) => number): Float64Array => {
    const sums = new Float64Array(channels);
    for (const x of input)
      for (let j = 0; j < x.length; j++) sums[j % channels]! += term(x[j]!, j % channels);
    return sums.map((sum) => sum / samples);
  };
  const mean = average((value) => value);
  return { mean, variance: average((value, c) => (value - mean[c]!) ** 2) };
}

interface WindowPixel {
  row: number;
  column: number;
  /** Of its first channel in the input. */
  offset: number;
}

/** Calls `at` for every position and output channel with the pixels of the window that lie in the image, as TensorFlow pads. */
function overWindows(
  [height, width, channels]: readonly number[],
  [outHeight, outWidth, outChannels]: readonly number[],
  size: number,
  stride: number,
  padding: 'same' | 'valid',
  at: (pixels: readonly WindowPixel[], channel: number) => number,
): Float64Array {
  const before = (side: number, out: number): number =>
    padding === 'valid' ? 0 : Math.floor(Math.max(0, (out - 1) * stride + size - side) / 2);
  const top = before(height!, outHeight!);
  const left = before(width!, outWidth!);
  const output = new Float64Array(outHeight! * outWidth! * outChannels!);
  for (let y = 0; y < outHeight!; y++) {
    for (let x = 0; x < outWidth!; x++) {
      const pixels: WindowPixel[] = [];
      for (let row = 0; row < size; row++) {
        for (let column = 0; column < size; column++) {
          const [i, j] = [y * stride - top + row, x * stride - left + column];
          if (i < 0 || j < 0 || i >= height! || j >= width!) continue;
          pixels.push({ row, column, offset: (i * width! + j) * channels! });
        }
      }
      for (let channel = 0; channel < outChannels!; channel++) {
        output[(y * outWidth! + x) * outChannels! + channel] = at(pixels, channel);
      }
    }
  }
  return output;
}
