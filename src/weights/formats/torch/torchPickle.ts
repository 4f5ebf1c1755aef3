import { elementCount } from '../../../base/elementCount.ts';
import type { ByteReader } from '../../../base/files/byteReader.ts';
import { readPickle } from './pickle.ts';
import { isKind, type PickleList, type PickleValue } from './pickleValue.ts';

export interface TorchStorage {
  kind: 'storage';
  key: string;
  /** A NumberDtype or PyTorch's name of another element type. */
  dtype: string;
  itemBytes: number;
  elements: number;
}

/** What a quantized value q stands for: scale * (q - zero), for the whole tensor or for each index of an axis. */
export type Quantizer =
  | { kind: 'tensor'; scale: number; zero: number }
  | { kind: 'axis'; axis: number; scales: TorchTensor; zeros: TorchTensor };

export interface TorchTensor {
  kind: 'tensor';
  storage: TorchStorage;
  /** Of the first value, in elements of the storage. */
  offset: number;
  shape: number[];
  strides: number[];
  quantizer: Quantizer | null;
}

/** A tensor whose values are not there, or are stored in a way that is not read. */
export interface UnreadTensor {
  kind: 'unread';
  shape: number[];
  dtype: string;
  reason: string;
}

/** Element types by the name of the storage class, with the bytes an element takes. */
const STORAGES: Readonly<Record<string, readonly [string, number]>> = {
  'torch.FloatStorage': ['float32', 4],
  'torch.DoubleStorage': ['float64', 8],
  'torch.HalfStorage': ['float16', 2],
  'torch.BFloat16Storage': ['bfloat16', 2],
  'torch.LongStorage': ['int64', 8],
  'torch.IntStorage': ['int32', 4],
  'torch.ShortStorage': ['int16', 2],
  'torch.CharStorage': ['int8', 1],
  'torch.ByteStorage': ['uint8', 1],
  'torch.BoolStorage': ['bool', 1],
  'torch.ComplexFloatStorage': ['complex64', 8],
  'torch.ComplexDoubleStorage': ['complex128', 16],
  'torch.QInt8Storage': ['int8', 1],
  'torch.QUInt8Storage': ['uint8', 1],
  'torch.QInt32Storage': ['int32', 4],
  // Without a type: the tensor brings it along.
  'torch.storage.UntypedStorage': ['uint8', 1],
};

const ORDERED_DICT = 'collections.OrderedDict';
/** How protocol 2, which torch.save writes, spells sets. */
const SETS = new Set(['__builtin__.set', 'builtins.set', '__builtin__.frozenset', 'builtins.frozenset']);
const DTYPE_BYTES: Readonly<Record<string, number>> = {
  uint16: 2,
  uint32: 4,
  uint64: 8,
  float8_e8m0fnu: 1,
};

type Call = (args: readonly PickleValue[]) => PickleValue | null;

/** What is made of the calls that are known; null: these arguments do not fit. */
const CALLS: Readonly<Record<string, Call>> = {
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  'torch._utils._rebuild_tensor': rebuildTensor,
  'torch._utils._rebuild_tensor_v3': rebuildTypedTensor,
  'torch._utils._rebuild_qtensor': rebuildQuantized,
  'torch._utils._rebuild_parameter': ([data]) => (isTensor(data) ? data : null),
  'torch._utils._rebuild_parameter_with_state': ([data]) => (isTensor(data) ? data : null),
  // Of devices whose memory is not saved as such (XLA, HPU): the values travel as a NumPy array or a tensor.
  'torch._utils._rebuild_device_tensor_from_numpy': ([data]) => data ?? null,
  'torch._utils._rebuild_device_tensor_from_cpu_tensor': ([data]) => data ?? null,
  'torch._utils._rebuild_sparse_tensor': (args) => unread(sizeIn(args), 'sparse', 'values are sparse'),
  'torch._utils._rebuild_nested_tensor': (args) => unread(sizeIn(args), 'nested', 'a tensor of tensors'),
  'torch._utils._rebuild_wrapper_subclass': ([type]) =>
    unread([], 'wrapped', `values are packed by ${isKind(type, 'global') ? type.name : 'a class'}`),
  'torch._utils._rebuild_meta_tensor_no_storage': ([dtype, size]) =>
    unread(
      counts(size) ?? [],
      isKind(dtype, 'global') ? dtype.name.replace('torch.', '') : 'unknown',
      'no values: a tensor of the device meta',
    ),
  // A tensor of a class of its own is rebuilt by another of these calls.
  'torch._tensor._rebuild_from_type_v2': ([call, , args]) => {
    const isKnown = isKind(call, 'global') && /^torch\._utils\._rebuild_tensor(_v[23])?$/.test(call.name);
    return isKnown && isKind(args, 'list')
      ? CALLS[call.name]!(args.items)
      : unread([], 'unknown', 'a tensor of a class of its own');
  },
  'torch.Size': ([size]) => size ?? { kind: 'list', items: [] },
  'torch.device': (args) => args.map(String).join(':').slice(0, 40),
  '_codecs.encode': ([text]) => (typeof text === 'string' ? Buffer.from(text, 'latin1') : null),
};

/** Returns what a PyTorch pickle holds: storages, tensors and containers, and inert stand-ins. `onStorage` sees each storage as it is named. */
export function readTorchPickle(reader: ByteReader, onStorage: (storage: TorchStorage) => void): PickleValue {
  return readPickle(reader, {
    call(name, args) {
      if (name === ORDERED_DICT) return orderedDict(args);
      if (SETS.has(name)) return isKind(args[0], 'list') ? args[0] : { kind: 'list', items: [] };
      if (!Object.hasOwn(CALLS, name)) return undefined;
      const made = CALLS[name]!(args);
      if (made === null) throw reader.error(`the arguments of ${name} must describe a tensor of its storage`);
      return made;
    },
    persistent(id) {
      const storage = storageOf(id);
      if (storage === null) return moduleClassOf(id);
      onStorage(storage);
      return { kind: 'built', value: storage };
    },
  });
}

/** Empty, or of pairs as Python 2 and early Python 3 wrote them. */
function orderedDict([pairs]: readonly PickleValue[]): PickleValue {
  const entries: [PickleValue, PickleValue][] = [];
  for (const pair of isKind(pairs, 'list') ? pairs.items : []) {
    if (isKind(pair, 'list') && pair.items.length === 2) entries.push([pair.items[0]!, pair.items[1]!]);
  }
  return { kind: 'dict', entries };
}

/** ('storage', class, key, location, elements), with a sixth item in the legacy format, which must be None. */
function storageOf(id: PickleValue): TorchStorage | null {
  if (!isKind(id, 'list')) return null;
  const [tag, type, key, , elements, view] = id.items;
  if (tag !== 'storage' || !isKind(type, 'global') || typeof key !== 'string' || !isCount(elements))
    return null;
  if (view !== undefined && view !== null) return null;
  const known = Object.hasOwn(STORAGES, type.name) ? STORAGES[type.name]! : null;
  return known === null ? null : { kind: 'storage', key, dtype: known[0], itemBytes: known[1], elements };
}

/** ('module', class, file, source): the legacy format names the class of a module with its source. */
const moduleClassOf = (id: PickleValue): PickleValue | undefined =>
  isKind(id, 'list') && id.items[0] === 'module' && isKind(id.items[1], 'global') ? id.items[1] : undefined;

/** (storage, offset, size, stride, ...): every index must lie in the storage. One that claims a value twice has none of its own to be read. */
function rebuildTensor(args: readonly PickleValue[]): PickleValue | null {
  const [built, offset, size, stride] = args;
  const shape = counts(size);
  const strides = counts(stride);
  if (!isCount(offset) || shape === null || strides === null || shape.length !== strides.length) return null;
  // A storage of a class that is not known.
  if (isKind(built, 'object')) return unread(shape, 'unknown', 'values are in a storage of an unknown class');
  if (!isKind(built, 'built') || (built.value as TorchStorage).kind !== 'storage') return null;
  const storage = built.value as TorchStorage;
  const elements = elementCount(shape);
  const last = shape.reduce((sum, side, axis) => sum + (side - 1) * strides[axis]!, offset);
  if (elements > 0 && last >= storage.elements) return null;
  const repeats = shape.some((side, axis) => side > 1 && strides[axis] === 0) || elements > storage.elements;
  if (repeats) return unread(shape, storage.dtype, 'a view that repeats its values (expanded or strided)');
  const tensor: TorchTensor = { kind: 'tensor', storage, offset, shape, strides, quantizer: null };
  return { kind: 'built', value: tensor };
}

/** As above, with the element type as the seventh argument, for types that have no storage class: float8, uint16 and the like. */
function rebuildTypedTensor(args: readonly PickleValue[]): PickleValue | null {
  const dtype = args[6];
  const [built, ...rest] = args;
  if (!isKind(dtype, 'global') || !isKind(built, 'built')) return null;
  const name = dtype.name.slice('torch.'.length);
  const untyped = built.value as TorchStorage;
  if (untyped.kind !== 'storage') return null;
  const itemBytes = Object.hasOwn(DTYPE_BYTES, name)
    ? DTYPE_BYTES[name]!
    : name.startsWith('float8')
      ? 1
      : null;
  if (itemBytes === null) return unread(counts(args[2]) ?? [], name, `values are ${name}`);
  const elements = Math.floor((untyped.elements * untyped.itemBytes) / itemBytes);
  const storage: TorchStorage = { ...untyped, dtype: name, itemBytes, elements };
  return rebuildTensor([{ kind: 'built', value: storage }, ...rest]);
}

/** (storage, offset, size, stride, (scheme, ...), ...). */
function rebuildQuantized(args: readonly PickleValue[]): PickleValue | null {
  const made = rebuildTensor(args);
  const parameters = args[4];
  if (!isTensor(made ?? undefined) || !isKind(parameters, 'list')) return made;
  const [scheme, scale, zero, axis] = parameters.items;
  const name = isKind(scheme, 'global') ? scheme.name : '';
  const tensor = (made as { value: TorchTensor }).value;
  if (tensor.kind !== 'tensor') return made;
  if (name === 'torch.per_tensor_affine' && typeof scale === 'number' && typeof zero === 'number') {
    return { kind: 'built', value: { ...tensor, quantizer: { kind: 'tensor', scale, zero } } };
  }
  const [scales, zeros] = [tensorIn(scale), tensorIn(zero)];
  const sides = isCount(axis) ? tensor.shape[axis] : undefined;
  const isOfSides = (part: TorchTensor | null): part is TorchTensor =>
    part !== null && part.shape.length === 1 && part.shape[0] === sides;
  if (name.startsWith('torch.per_channel_affine') && isOfSides(scales) && isOfSides(zeros)) {
    const quantizer: Quantizer = { kind: 'axis', axis: axis as number, scales, zeros };
    return { kind: 'built', value: { ...tensor, quantizer } };
  }
  return unread(tensor.shape, tensor.storage.dtype, 'values are quantized in an unknown way');
}

const tensorIn = (value: PickleValue | undefined): TorchTensor | null =>
  isTensor(value) && value.value.kind === 'tensor' ? value.value : null;

const unread = (shape: number[], dtype: string, reason: string): PickleValue => {
  const value: UnreadTensor = { kind: 'unread', shape, dtype, reason };
  return { kind: 'built', value };
};

/** The size among the arguments of a sparse tensor: (layout, (indices, values, size, ...)). */
function sizeIn(args: readonly PickleValue[]): number[] {
  const parts = isKind(args[1], 'list') ? args[1].items : [];
  for (const part of parts) {
    const sides = isKind(part, 'list') && part.items.length > 0 ? counts(part) : null;
    if (sides !== null) return sides;
  }
  return [];
}

function counts(value: PickleValue | undefined): number[] | null {
  return isKind(value, 'list') && value.items.every(isCount)
    ? ((value as PickleList).items as number[])
    : null;
}

const isCount = (value: PickleValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** Whether a pickled value is a tensor, read or not. */
export function isTensor(
  value: PickleValue | undefined,
): value is { kind: 'built'; value: TorchTensor | UnreadTensor } {
  return isKind(value, 'built') && ['tensor', 'unread'].includes((value.value as { kind: string }).kind);
}
