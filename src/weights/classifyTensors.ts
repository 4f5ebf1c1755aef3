import { largestOf } from '../linalg/extremes.ts';
import { isFloatDtype } from './floatBytes.ts';
import type { ConvLayout, LayerKind, SkippedTensor, StoredTensor, WeightsLayer } from './weightsFile.ts';

/** Path components that hold what an optimizer remembers, not weights. */
const OPTIMIZER_PART = /^(optimi[sz]er(s|_weights|_state|_state_dict|_vars)?|opt_state)$/i;
const EMBEDDING_NAME = /embed|(^|[./])w[tp]e[./]/i;
/** The first weight of Keras's separable convolution is its depthwise kernel. */
const DEPTHWISE_NAME = /depthwise|(^|\/)separable_conv[12]d(_\d+)?\/vars\/0$/i;
const BIAS_NAME = /(^|[./])bias(:0)?$/;

/** Returns which tensors of a file are layers, and why the others are none. */
export function classifyTensors(tensors: readonly StoredTensor[]): {
  layers: WeightsLayer[];
  skipped: SkippedTensor[];
} {
  const names = new Set(tensors.map((tensor) => tensor.name));
  const layers: WeightsLayer[] = [];
  const skipped: SkippedTensor[] = [];
  for (const tensor of tensors) {
    const layer = asLayer(tensor, names);
    if (typeof layer === 'string') skipped.push({ name: tensor.name, reason: layer });
    else layers.push(layer);
  }
  return { layers, skipped };
}

/** Returns the layer, or the reason why the tensor is none. */
function asLayer(tensor: StoredTensor, names: ReadonlySet<string>): WeightsLayer | string {
  const { name, shape, dtype } = tensor;
  if (name.split(/[./]/).some((part) => OPTIMIZER_PART.test(part))) return 'optimizer state';
  if (!isFloatDtype(dtype)) return `values are ${dtype}, no floats`;
  if (shape.length < 2) return `${shape.length} dimensions, no matrix`;
  if (shape.length > 5) return `${shape.length} dimensions, neither matrix nor kernel`;
  if (shape.includes(0)) return `no values: shape [${shape.join(', ')}]`;
  // A slot of an optimizer lies under the name of the parameter it belongs to.
  const parameter = name.slice(0, name.lastIndexOf('/'));
  if (name.includes('/') && names.has(parameter)) return `belongs to ${parameter}`;
  if (BIAS_NAME.test(name)) return 'bias';
  if (DEPTHWISE_NAME.test(name)) return 'depthwise kernel: no matrix joins its channels';
  const kind = tensor.kind ?? kindOf(name, shape);
  const convLayout = kind === 'conv' ? (tensor.convLayout ?? convLayoutOf(name, shape)) : null;
  return { name, kind, shape, dtype, convLayout, read: tensor.read };
}

function kindOf(name: string, shape: readonly number[]): LayerKind {
  if (shape.length > 2) return 'conv';
  return EMBEDDING_NAME.test(name) ? 'embedding' : 'dense';
}

/** PyTorch calls it weight, Keras kernel; without either, the kernel's sides are taken to be shorter than the channels. */
function convLayoutOf(name: string, shape: readonly number[]): ConvLayout {
  const last = name.split(/[./]/).at(-1)!;
  if (/^kernel(:0)?$/.test(last)) return 'kernelInOut';
  if (last === 'weight') return 'outInKernel';
  const longest = largestOf(shape.slice(0, -2));
  return longest < largestOf(shape.slice(2)) ? 'kernelInOut' : 'outInKernel';
}
