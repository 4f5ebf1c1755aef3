import { elementCount } from '../../base/elementCount.ts';
import { isFloatDtype, isNumberDtype, powerOfTwo } from '../tensors/floatBytes.ts';
import { blockScaledTensor, scaledTensor } from '../tensors/scaledTensor.ts';
import { isReadable } from '../tensors/storedTensor.ts';
import type { StoredTensor } from '../tensors/weightsFile.ts';
import type { TensorSet } from './tensorSet.ts';

/** What stands behind the name of a weight, or in the place of its last part, in the name of its scale. */
const SCALE_SUFFIXES = [
  '_scale_inv',
  '_scale',
  '.scale',
  '.SCB',
  '.weight_scale',
  '.scale_weight',
  '._scale',
  '._weight_scale',
];
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
const PACKED_BYTES =
  'values are uint8 with a scale and no zero point: packed in less than 8 bits (HQQ, BitNet, NVFP4), which is not read: ' +
  'load it with its library, dequantize and save it';

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
    const zero = zeroOf(set, scale);
    const scaled = scaledBy(tensor, scale, zero);
    if (typeof scaled === 'string') set.drop(name, scaled);
    else set.put(name, scaled);
    set.drop(scale.name, `${SCALE}: of ${name}`);
    if (zero !== undefined) set.drop(zero.name, `zero points of quantized weights: of ${name}`);
  }
}

/**
 * Keras keeps the variables of a layer by number: the scale of an int8 kernel, which divides, is the last of them. It has one for each output,
 * of an embedding one for each row.
 */
function kerasScale(
  set: TensorSet,
  { name, dtype, shape, use }: StoredTensor,
): { scale: StoredTensor; axis: number } | null {
  if (dtype !== 'int8' || !name.endsWith('vars/0') || shape.length !== 2) return null;
  const variable = (number: number): StoredTensor | undefined => set.get(name.replace(/0$/, String(number)));
  const scale = variable(2) ?? variable(1);
  if (scale === undefined || !isFloatDtype(scale.dtype) || !isReadable(scale)) return null;
  const count = elementCount(scale.shape);
  const axis = count === shape[1] && use !== 'embedding' ? 1 : 0;
  return count === shape[axis] ? { scale, axis } : null;
}

function scaleOf(set: TensorSet, name: string): StoredTensor | undefined {
  const parent = name.slice(0, Math.max(name.lastIndexOf('.'), 0));
  const candidates = [
    ...SCALE_SUFFIXES.map((suffix) => name + suffix),
    ...SCALE_SUFFIXES.map((suffix) => parent + suffix),
  ];
  return candidates
    .map((candidate) => set.get(candidate))
    .find((found) => found !== undefined && isScale(found));
}

/** Scales are floats; those of blocks may be exponents alone, in E8M0 or in bytes that do not say so. */
const isScale = ({ name, dtype }: StoredTensor): boolean =>
  isFloatDtype(dtype) || /^float8_|^uint8$/.test(dtype) || name.endsWith('_scale_inv');

const zeroOf = (set: TensorSet, { name }: StoredTensor): StoredTensor | undefined =>
  /scale$/.test(name)
    ? ['zero_point', 'zero_points']
        .map((suffix) => set.get(name.replace(/scale$/, suffix)))
        .find((found) => found !== undefined && isReadable(found))
    : undefined;

/** Returns the weight that a tensor and its scale are together, or the reason why it cannot be had. */
function scaledBy(
  tensor: StoredTensor,
  table: StoredTensor,
  zero: StoredTensor | undefined,
): StoredTensor | string {
  if (tensor.dtype === 'uint8' && zero === undefined) return PACKED_BYTES;
  const isFloat8 = tensor.dtype.startsWith('float8_');
  if (!isReadable(table) || (table.dtype === 'uint8' && !isFloat8)) {
    return `its scale ${table.name} is of ${table.dtype}, which is not read`;
  }
  const [rows] = tensor.shape as [number];
  const count = elementCount(table.shape);
  // bitsandbytes keeps the largest magnitude of each row, which 127 stands for.
  const unit = table.name.endsWith('.SCB') ? 1 / 127 : 1;
  const scale = (): Float32Array | Float64Array =>
    table.read().map((value) => (table.dtype === 'uint8' ? powerOfTwo(value) : value * unit));
  const zeros = zero?.read;
  if (count === 1) return scaledTensor(tensor, { scale, zero: zeros, axis: null });
  const ofRows =
    count === rows && table.shape[0] === rows && table.shape.slice(1).every((side) => side === 1);
  if (ofRows) return scaledTensor(tensor, { scale, zero: zeros, axis: 0 });
  const isTable =
    table.shape.length === tensor.shape.length &&
    table.shape.every((side, axis) => side > 0 && side <= tensor.shape[axis]!);
  const hasZeros = zero === undefined || elementCount(zero.shape) === count;
  if (isTable && hasZeros) {
    return blockScaledTensor(tensor, { name: table.name, shape: table.shape, scale, zero: zeros });
  }
  return `its scale ${table.name} of shape [${table.shape.join(', ')}] does not fit [${tensor.shape.join(', ')}]`;
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
