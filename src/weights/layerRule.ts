import { elementCount } from '../base/elementCount.ts';
import { largestOf } from '../base/extremes.ts';
import { BY_NEIGHBOURS, depthwiseByNeighbours } from './depthwiseByNeighbours.ts';
import { movingAverages } from './movingAverages.ts';
import { isFloatDtype } from './tensors/floatBytes.ts';
import type {
  ConvLayout,
  LayerKind,
  SkippedTensor,
  StoredTensor,
  TensorUse,
  WeightsLayer,
} from './tensors/weightsFile.ts';

/**
 * What is a layer, in every format: docs/reference/formats.md shows this as a table. What the file's structure says (`use`) comes
 * first, then the name, then the shape.
 */

/** Parts of a path under which an optimizer keeps what it remembers. */
const OPTIMIZER_PART =
  /^(.*_)?optim(i[sz]ers?)?(_.*)?$|^opt_(state|vars)$|^(exp_avg|exp_avg_sq|momentum_buffer)$/i;
/** Last parts of the names of tensors that are no weights, with what they are. */
const OTHER_NAMES: readonly [RegExp, string][] = [
  [/^((.*_)?bias(es)?(_[kv]|_[a-z]+_l\d+(_reverse)?)?|beta)(:0)?$/i, 'bias'],
  [/^((.*_)?masks?|masked_bias|tril|triu)$/i, 'mask'],
  [
    /^(.*_)?(scales?|scale_inv|absmax|quant_map|zero_points?|zeros?|codebooks|qzeros|g_idx|SCB|weight_scale(_inv|_2)?|input_scale)$/,
    'scale of quantized weights',
  ],
  [/^(.*_)?(index|indices|position_ids|relative_position_index)$/i, 'indices'],
  [/^alpha(:0)?$/, 'slope of an activation'],
  [
    /^(gamma|vector_u|running_(mean|var)|moving_(mean|variance)|num_batches_tracked|layer_scale.*)(:0)?$/,
    'normalization',
  ],
  [
    /^(inv_freq|freqs?(_cis|_cos|_sin)?|(cos|sin)(_cached|_cache)?|mel_filters?|window|relative_coords_table|(.*_)?(sinusoid\w*|(forward_|inverse_)?basis(_buffer)?))$/i,
    'fixed table, not trained',
  ],
];
const EMBEDDING_NAME = /embed|(^|[./_])emb([./_]|$)|(^|[./_])w[tp]e([./]|$)|(^|\.)token_embd|position_table/i;
const POSITION_NAME = /pos(ition(al)?)?_?emb|position_table/i;
const RECURRENT_NAME =
  /(^|[./])((enc_|dec_)?(weight|w)_(ih|hh|hr)(_l\d+(_reverse)?)?|recurrent_kernel(:0)?|((simple_)?rnn|lstm|gru)(_cell)?(_\d+)?\/(.*\/)?(kernel(:0)?|vars\/[01])|cell\/vars\/[01])$/;
const EXPERT_NAME = /(^|[./_])(experts?|moe|exps)([./_]|$)/i;
const BILINEAR_NAME = /(^|[./_])bil(inear)?([./_\d]|$)/i;
const DEPTHWISE_NAME =
  /depthwise|(^|[./_])dw(_?conv)?\d*([./_]|$)|(^|\/)separable_conv[12]d(_\d+)?\/vars\/0$/i;
/** What stands for a vector of factors in adapters: IA3, AdaLoRA, DoRA. */
const ADAPTER_SCALE = /(^|\.)(ia3_l|lora_E|lora_magnitude_vector)(\.[\w-]+){0,2}$/;
/** A thin factor, by its name alone. */
const ADAPTER_NAME =
  /(^|[._])(lora_(embedding_)?[AB]|lora_(down|up|mid)|hada_[tw][12](_[ab])?|lokr_[tw][12](_[ab])?)(\.[\w-]+){0,2}$/;
const NORM_NAME = /(^|[./_])(layer|batch|group|instance|rms)_?norm\w*([./]|$)/i;

/** Matrices of one tensor; a file may claim any number of them. */
const MAX_STACK = 65_536;
/** As much of the end of a name as is looked at: some patterns take time with the square of it. */
const TOLD_BY = 256;

const DEPTHWISE = 'depthwise kernel: no matrix joins its channels';
const VECTOR = 'a single row or column: its one eigenvalue is its squared norm';
/** Kernels are at most this long along a side; three axes with a longer last one are a stack of matrices. */
const LONGEST_SIDE = 31;

/** Returns which tensors of a file are layers, and why the others are none. */
export function classifyTensors(tensors: readonly StoredTensor[]): {
  layers: WeightsLayer[];
  skipped: SkippedTensor[];
} {
  const shapes = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const firstKernel = firstKernelName(tensors);
  const averages = movingAverages(tensors);
  const isDepthwise = depthwiseByNeighbours(shapes);
  const layers: WeightsLayer[] = [];
  const skipped: SkippedTensor[] = [];
  for (const tensor of tensors) {
    const average = averages.get(tensor.name);
    const found =
      average === undefined
        ? asLayers(tensor, { shapes, isDepthwise, isFirstKernel: tensor.name === firstKernel })
        : `moving average of ${average}`;
    if (typeof found === 'string') skipped.push({ name: tensor.name, reason: found });
    else for (const layer of found) layers.push(layer);
  }
  return { layers, skipped };
}

interface Surroundings {
  /** By its neighbours, where nothing else tells. */
  isDepthwise: (tensor: StoredTensor) => boolean;
  shapes: ReadonlyMap<string, readonly number[]>;
  isFirstKernel: boolean;
}

/** Returns the layers that a tensor holds, or the reason why it holds none. */
function asLayers(tensor: StoredTensor, surroundings: Surroundings): WeightsLayer[] | string {
  const reason = whyNone(tensor, surroundings);
  if (reason !== null) return reason;
  const { name } = tensor;
  // Axes of one before a matrix say nothing: [1, 197, 64] holds 197 positions.
  const shape = isKernel(tensor) ? tensor.shape : withoutLeadingOnes(tensor.shape);
  const use = tensor.use ?? useOf(name, shape, tensor.convLayout, surroundings);
  const isVector = tensor.shape.length > 2 && tensor.shape.filter((side) => side > 1).length < 2;
  if (isVector) return 'one axis of more than one value, no matrix';
  switch (use) {
    case 'depthwise':
      return DEPTHWISE;
    case 'kernel':
      if (surroundings.isDepthwise(tensor)) return BY_NEIGHBOURS;
      return [layerOf(tensor, 'conv', tensor.shape, tensor.convLayout ?? convLayoutOf(name, tensor.shape))];
    case 'embedding':
      return [layerOf(tensor, 'embedding', [elementCount(shape.slice(0, -1)), shape.at(-1)!])];
    case 'recurrent':
      return shape.length === 2 ? [layerOf(tensor, 'recurrent', shape)] : stackOf(tensor, 'recurrent', shape);
    case 'stack':
      if (shape.length === 2) return [layerOf(tensor, 'dense', shape)];
      return stackOf(tensor, 'expert', shape);
    case 'bilinear':
      return [layerOf(tensor, 'bilinear', shape, shape.length > 2 ? 'kernelInOut' : null)];
    case 'adapter':
      return [layerOf(tensor, 'adapter', tensor.shape, tensor.shape.length > 2 ? 'outInKernel' : null)];
    default:
      return shape.length === 2
        ? [layerOf(tensor, 'dense', shape)]
        : `${shape.length} dimensions, neither matrix nor kernel`;
  }
}

function whyNone(
  { name, shape, dtype, use, unread, dequantized }: StoredTensor,
  { shapes }: Surroundings,
): string | null {
  const parts = name.split(/[./]/);
  if (use === 'optimizer state' || parts.some((part) => OPTIMIZER_PART.test(part))) return 'optimizer state';
  if (unread !== null) return unread;
  if (use === 'bias') return 'bias';
  if (use === 'scale') return 'scale';
  if (use === 'derived') return 'computed from the parameters of its module';
  if (dtype === 'float8_e8m0fnu' || ADAPTER_SCALE.test(name)) return 'scale';
  if (!isFloatDtype(dtype) && !dequantized) return `values are ${dtype}, no floats`;
  if (shape.includes(0)) return `no values: shape [${shape.join(', ')}]`;
  if (shape.length < 2) return `${shape.length} dimensions, no matrix`;
  if (shape.length > 5) return `${shape.length} dimensions, neither matrix nor kernel`;
  if (use === 'normalization') return 'normalization';
  // A slot of an optimizer lies under the name of the parameter it belongs to.
  const parameter = name.slice(0, name.lastIndexOf('/'));
  if (name.includes('/') && shapes.has(parameter)) return `belongs to ${parameter}`;
  const last = parts.at(-1)!;
  const other = use === null ? OTHER_NAMES.find(([pattern]) => pattern.test(last)) : undefined;
  if (other !== undefined) return other[1];
  if (use === null && NORM_NAME.test(name) && shape.filter((side) => side > 1).length < 2)
    return 'normalization';
  if (use === null && hasBiasOfItsShape(name, shape, shapes)) return 'normalization';
  if (isRecurrentBias(name, shape, shapes)) return 'bias';
  return null;
}

/** Returns what a tensor is for by its name and its shape (leading ones are gone). */
function useOf(
  fullName: string,
  shape: readonly number[],
  convLayout: ConvLayout | null,
  surroundings: Surroundings,
): TensorUse {
  const name = fullName.slice(-TOLD_BY);
  if (ADAPTER_NAME.test(name)) return 'adapter';
  if (POSITION_NAME.test(name) && shape.length > 2) return 'embedding';
  if (shape.length === 2) {
    if (RECURRENT_NAME.test(name)) return 'recurrent';
    return EMBEDDING_NAME.test(name) ? 'embedding' : 'matrix';
  }
  if (shape.length === 3 && BILINEAR_NAME.test(name)) return 'bilinear';
  if (shape.length === 3 && isStack(name, shape, convLayout)) return 'stack';
  return isDepthwise(fullName, shape, convLayout ?? convLayoutOf(name, shape), surroundings)
    ? 'depthwise'
    : 'kernel';
}

/** Three axes are matrices one after the other where the name says so, or where the first axis is the shortest and the last longer than a kernel. */
function isStack(name: string, shape: readonly number[], convLayout: ConvLayout | null): boolean {
  if (EXPERT_NAME.test(name)) return true;
  if (convLayout === 'kernelInOut' || /(^|[./])kernel(:0)?$/.test(name)) return false;
  const [first, second, third] = shape as [number, number, number];
  return third > LONGEST_SIDE && first < Math.min(second, third);
}

/**
 * A kernel of one input for each output is depthwise, unless it is the first kernel of the file, which has the one channel of a grey picture
 * for its input. Keras has a multiplier last: the number of biases beside it tells.
 */
function isDepthwise(
  name: string,
  shape: readonly number[],
  layout: ConvLayout,
  { shapes, isFirstKernel }: Surroundings,
): boolean {
  if (DEPTHWISE_NAME.test(name)) return true;
  if (layout === 'outInKernel') {
    const sides = shape.slice(2);
    const isShort = sides.every((side) => side <= LONGEST_SIDE);
    return shape[1] === 1 && shape[0]! > 1 && elementCount(sides) > 1 && isShort && !isFirstKernel;
  }
  const [inputs, outputs] = [shape.at(-2)!, shape.at(-1)!];
  const bias = shapes.get(name.replace(/kernel(:0)?$/, 'bias$1'));
  return outputs === 1 && inputs > 1 && bias?.length === 1 && bias[0] === inputs;
}

/** The bias of a GRU whose reset gate comes after the product: two rows, beside kernels of as many gates. */
function isRecurrentBias(
  name: string,
  shape: readonly number[],
  shapes: ReadonlyMap<string, readonly number[]>,
): boolean {
  if (shape.length !== 2 || shape[0] !== 2 || !name.endsWith('vars/2')) return false;
  const [kernel, recurrent] = [0, 1].map((i) => shapes.get(name.replace(/2$/, String(i))));
  return kernel?.[1] === shape[1] && recurrent?.[1] === shape[1] && recurrent?.[0] === shape[1]! / 3;
}

/** A norm over several axes has a bias for each of its values; nothing else has. */
function hasBiasOfItsShape(
  name: string,
  shape: readonly number[],
  shapes: ReadonlyMap<string, readonly number[]>,
): boolean {
  const bias = name.replace(/weight$/, 'bias');
  return bias !== name && shapes.get(bias)?.join() === shape.join();
}

const isKernel = ({ name, shape, use, convLayout }: StoredTensor): boolean =>
  use === 'kernel' ||
  use === 'depthwise' ||
  (use === null &&
    shape.length > 2 &&
    !POSITION_NAME.test(name) &&
    (shape[0] !== 1 || convLayout === 'kernelInOut' || /(^|[./])(weight|kernel(:0)?)$/.test(name)));

function withoutLeadingOnes(shape: readonly number[]): readonly number[] {
  const first = shape.findIndex((side) => side !== 1);
  return shape.slice(Math.max(0, Math.min(first === -1 ? shape.length : first, shape.length - 2)));
}

/** PyTorch calls it weight, Keras kernel; without either, the kernel's sides are taken to be shorter than the channels. */
function convLayoutOf(name: string, shape: readonly number[]): ConvLayout {
  const last = name.split(/[./]/).at(-1)!;
  if (/^kernel(:0)?$/.test(last)) return 'kernelInOut';
  if (last === 'weight') return 'outInKernel';
  const longest = largestOf(shape.slice(0, -2));
  return longest < largestOf(shape.slice(2)) ? 'kernelInOut' : 'outInKernel';
}

function layerOf(
  { name, dtype, notes, rounding, read }: StoredTensor,
  kind: LayerKind,
  shape: readonly number[],
  convLayout: ConvLayout | null = null,
): WeightsLayer {
  const sides = convLayout === 'outInKernel' ? shape.slice(0, 2) : shape.slice(-2);
  const remarks = sides.includes(1) ? [...notes, VECTOR] : notes;
  return { name, kind, shape, dtype, notes: remarks, convLayout, rounding, read };
}

/** One layer for each matrix of a stack; their values are read together and given out one after the other. */
function stackOf(tensor: StoredTensor, kind: LayerKind, shape: readonly number[]): WeightsLayer[] | string {
  if (shape.length !== 3) return `${shape.length} dimensions, neither matrix nor kernel`;
  const [count, rows, cols] = shape as [number, number, number];
  const size = rows * cols;
  if (count > MAX_STACK) return `more than ${MAX_STACK} matrices`;
  let held: Float32Array | Float64Array | null = null;
  return Array.from({ length: count }, (_, i) => ({
    ...layerOf(tensor, kind, [rows, cols]),
    name: `${tensor.name}[${i}]`,
    read() {
      const values = held ?? tensor.read();
      held = i === count - 1 ? null : values;
      return values.slice(i * size, (i + 1) * size);
    },
  }));
}

/**
 * The first kernel in the natural order of names: some formats sort their tensors by type or by letters. null where it cannot be one of a grey
 * picture: other kernels have one input each too, and none takes its outputs.
 */
function firstKernelName(tensors: readonly StoredTensor[]): string | null {
  const kernels = tensors.filter(
    ({ name, shape, dtype }) =>
      shape.length > 2 && shape[0] !== 1 && isFloatDtype(dtype) && !EXPERT_NAME.test(name),
  );
  const [first, ...others] = kernels.toSorted((a, b) =>
    a.name.localeCompare(b.name, 'en', { numeric: true }),
  );
  if (first === undefined) return null;
  const isOneOfMany = others.some(({ shape }) => shape[1] === 1 && shape.length === first.shape.length);
  const isTaken = others.some(({ shape }) => shape[1] === first.shape[0]);
  return isOneOfMany && !isTaken ? null : first.name;
}
