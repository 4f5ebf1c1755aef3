import { elementCount } from '../../base/elementCount.ts';
import { isFloatDtype, isNumberDtype } from '../tensors/floatBytes.ts';
import { blockScaledTensor, scaledTensor } from '../tensors/scaledTensor.ts';
import { isReadable } from '../tensors/storedTensor.ts';
import type { StoredTensor } from '../tensors/weightsFile.ts';
import type { TensorSet } from './tensorSet.ts';

/** What stands behind the name of a weight, or in the place of its last part, in the name of its scale. */
const SCALE_SUFFIXES = ['_scale_inv', '_scale', '.scale', '.SCB', '.weight_scale'];
/** Packed formats that are not read: a part of the name, what it is, and what unpacks it. */
const PACKED: readonly { marker: string; parts: readonly string[]; reason: string }[] = [
  {
    marker: 'qweight',
    parts: ['qzeros', 'scales', 'g_idx'],
    reason:
      'packed by GPTQ or AWQ, which is not read: load it with transformers, call model.dequantize() and save it',
  },
  {
    marker: 'weight_packed',
    parts: ['weight_scale', 'weight_shape', 'weight_zero_point', 'weight_global_scale', 'weight_g_idx'],
    reason:
      'packed by compressed-tensors, which is not read: decompress it with its ModelCompressor and save it',
  },
];
const BITSANDBYTES =
  'packed by bitsandbytes in 4 bits, which is not read: load it with transformers, call model.dequantize() and save it';
const BITSANDBYTES_PARTS = [
  'absmax',
  'quant_map',
  'nested_absmax',
  'nested_quant_map',
  'quant_state.bitsandbytes__nf4',
  'quant_state.bitsandbytes__fp4',
];
const MXFP4 =
  'packed in MXFP4, which is not read: load it with transformers and Mxfp4Config(dequantize=True), then save it';
const SCALE = 'scale of quantized weights';

/** Multiplies quantized weights by the scales beside them, and names what is packed in a way that is not read. */
export function scaleQuantized(set: TensorSet): void {
  for (const name of set.names) {
    const tensor = set.get(name);
    if (tensor !== undefined) namePacked(set, tensor);
  }
  for (const name of set.names) {
    const tensor = set.get(name);
    if (tensor === undefined || tensor.dequantized || tensor.unread !== null || tensor.shape.length < 2)
      continue;
    const keras = kerasScale(set, tensor);
    if (keras !== null) {
      set.put(name, scaledTensor(tensor, { scale: keras.scale.read, axis: keras.axis, divided: true }));
      set.drop(keras.scale.name, `${SCALE}: of ${name}`);
      continue;
    }
    const isByte = tensor.dtype === 'int8' || tensor.dtype === 'uint8' || tensor.dtype.startsWith('float8_');
    const scale = isByte ? scaleOf(set, name) : undefined;
    if (scale === undefined) continue;
    const scaled = scaledBy(tensor, scale);
    if (scaled === null) continue;
    set.put(name, scaled);
    set.drop(scale.name, `${SCALE}: of ${name}`);
  }
}

/** Keras keeps the variables of a layer by number: the scale of an int8 kernel, which divides, is the last of them. */
function kerasScale(
  set: TensorSet,
  { name, dtype, shape }: StoredTensor,
): { scale: StoredTensor; axis: number } | null {
  if (dtype !== 'int8' || !name.endsWith('vars/0') || shape.length !== 2) return null;
  const variable = (number: number): StoredTensor | undefined => set.get(name.replace(/0$/, String(number)));
  const scale = variable(2) ?? variable(1);
  if (scale === undefined || !isFloatDtype(scale.dtype) || !isReadable(scale) || scale.shape.length !== 1)
    return null;
  const axis = scale.shape[0] === shape[1] ? 1 : 0;
  return scale.shape[0] === shape[axis] ? { scale, axis } : null;
}

function scaleOf(set: TensorSet, name: string): StoredTensor | undefined {
  const parent = name.slice(0, Math.max(name.lastIndexOf('.'), 0));
  const candidates = [
    ...SCALE_SUFFIXES.map((suffix) => name + suffix),
    ...SCALE_SUFFIXES.map((suffix) => parent + suffix),
  ];
  return candidates
    .map((candidate) => set.get(candidate))
    .find((found) => found !== undefined && isFloatDtype(found.dtype) && isReadable(found));
}

function scaledBy(tensor: StoredTensor, scale: StoredTensor): StoredTensor | null {
  const [rows] = tensor.shape as [number];
  const count = elementCount(scale.shape);
  // bitsandbytes keeps the largest magnitude of each row, which 127 stands for.
  const unit = scale.name.endsWith('.SCB') ? 1 / 127 : 1;
  const values = (): Float32Array | Float64Array => scale.read().map((value) => value * unit);
  if (count === 1) return scaledTensor(tensor, { scale: values, axis: null });
  const ofRows =
    count === rows && scale.shape[0] === rows && scale.shape.slice(1).every((side) => side === 1);
  if (ofRows) return scaledTensor(tensor, { scale: values, axis: 0 });
  const isTable =
    scale.shape.length === 2 && tensor.shape.length === 2 && scale.shape.every((side) => side > 0);
  return isTable ? blockScaledTensor(tensor, scale) : null;
}

function namePacked(set: TensorSet, tensor: StoredTensor): void {
  const { name } = tensor;
  const at = name.lastIndexOf('.') + 1;
  const [stem, last] = [name.slice(0, at), name.slice(at)];
  const packed = PACKED.find(({ marker }) => marker === last);
  if (packed !== undefined) {
    set.drop(name, packed.reason);
    for (const part of packed.parts) set.drop(stem + part, `${SCALE}: of ${name}`);
  } else if (set.get(`${name}.absmax`) !== undefined) {
    set.drop(name, BITSANDBYTES);
    for (const part of BITSANDBYTES_PARTS) set.drop(`${name}.${part}`, `${SCALE}: of ${name}`);
  } else if (name.endsWith('_blocks') && set.get(name.replace(/_blocks$/, '_scales')) !== undefined) {
    set.drop(name, MXFP4);
    set.drop(name.replace(/_blocks$/, '_scales'), `${SCALE}: of ${name}`);
  } else if (!isNumberDtype(tensor.dtype) && /^F(4|6)/.test(tensor.dtype)) {
    set.drop(name, `values are ${tensor.dtype}, packed in less than 8 bits, which is not read`);
  }
}
