import type { ByteReader } from './byteReader.ts';
import { MAX_NAME_LENGTH } from './limits.ts';
import { type PickleBuilder, readPickle } from './pickle.ts';
import { isKind, type PickleList, type PickleValue } from './pickleValue.ts';
import type { FloatDtype } from './weightsFile.ts';

export interface TorchStorage {
  kind: 'storage';
  key: string;
  /** A FloatDtype or PyTorch's name of another element type. */
  dtype: string;
  itemBytes: number;
  elements: number;
}

export interface TorchTensor {
  kind: 'tensor';
  storage: TorchStorage;
  /** Of the first value, in elements of the storage. */
  offset: number;
  shape: number[];
  strides: number[];
}

/** Element types by the name of the storage class, with the bytes an element takes. */
const STORAGES: Readonly<Record<string, readonly [FloatDtype | string, number]>> = {
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
  // Without a type: the tensor brings it along.
  'torch.storage.UntypedStorage': ['uint8', 1],
};

const REBUILD_TENSOR = new Set(['torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_tensor']);
const REBUILD_TYPED_TENSOR = 'torch._utils._rebuild_tensor_v3';
const REBUILD_PARAMETER = 'torch._utils._rebuild_parameter';
const ORDERED_DICT = 'collections.OrderedDict';
const SIZE = 'torch.Size';
const DEVICE = 'torch.device';
/** How protocol 2, which torch.save writes, spells sets and bytes. */
const SETS = new Set(['__builtin__.set', 'builtins.set', '__builtin__.frozenset', 'builtins.frozenset']);
const ENCODE = '_codecs.encode';
/** Plain values that settings saved beside the weights may hold. */
const DTYPE_NAME =
  /^torch\.(b?float(8_\w+|16|32|64)|complex(32|64|128)|u?int(8|16|32|64)|bool|half|double|long)$/;
const DTYPE_BYTES: Readonly<Record<string, number>> = { uint16: 2, uint32: 4, uint64: 8 };

/** Nested containers that a checkpoint may have; real ones have a handful. */
const MAX_DEPTH = 64;

const ALLOWED = new Set([
  ...Object.keys(STORAGES),
  ...REBUILD_TENSOR,
  REBUILD_TYPED_TENSOR,
  REBUILD_PARAMETER,
  ORDERED_DICT,
  SIZE,
  DEVICE,
  ...SETS,
  ENCODE,
]);

/**
 * Returns what a PyTorch pickle holds. It can make storages, tensors, parameters and containers; every other global, call or persistent
 * id is a UserError with the offset. `onStorage` sees each storage as it is named.
 */
export function readTorchPickle(reader: ByteReader, onStorage: (storage: TorchStorage) => void): PickleValue {
  const builder: PickleBuilder = {
    allows: (name) => ALLOWED.has(name) || DTYPE_NAME.test(name),
    call(name, args) {
      if (REBUILD_TENSOR.has(name)) return rebuildTensor(args);
      if (name === REBUILD_TYPED_TENSOR) return rebuildTypedTensor(args);
      if (name === REBUILD_PARAMETER) return isTensor(args[0]) ? args[0] : null;
      if (name === ORDERED_DICT && args.length === 0) return { kind: 'dict', entries: [] };
      if (name === DEVICE && args.every((arg) => typeof arg === 'string' || isCount(arg)))
        return args.join(':');
      if (SETS.has(name)) return isKind(args[0], 'list') ? args[0] : null;
      if (name === ENCODE) return typeof args[0] === 'string' ? args[0] : null;
      if (name === SIZE && args.length === 1 && isKind(args[0], 'list')) return args[0];
      return null;
    },
    persistent(id) {
      const storage = storageOf(id);
      if (storage === null) return null;
      onStorage(storage);
      return { kind: 'built', value: storage };
    },
  };
  return readPickle(reader, builder);
}

/** ('storage', class, key, location, elements), with a sixth item in the legacy format, which must be None. */
function storageOf(id: PickleValue): TorchStorage | null {
  if (!isKind(id, 'list')) return null;
  const [tag, type, key, , elements, view] = id.items;
  if (tag !== 'storage' || !isKind(type, 'global') || typeof key !== 'string' || !isCount(elements))
    return null;
  if (view !== undefined && view !== null) return null;
  const known = STORAGES[type.name];
  return known === undefined
    ? null
    : { kind: 'storage', key, dtype: known[0], itemBytes: known[1], elements };
}

/** (storage, offset, size, stride, ...): refused unless every index lies in the storage and no value is claimed twice. */
function rebuildTensor(args: readonly PickleValue[]): PickleValue | null {
  const [built, offset, size, stride] = args;
  if (!isKind(built, 'built') || (built.value as TorchStorage).kind !== 'storage' || !isCount(offset))
    return null;
  const storage = built.value as TorchStorage;
  const shape = counts(size);
  const strides = counts(stride);
  if (shape === null || strides === null || shape.length !== strides.length) return null;
  const elements = shape.reduce((product, side) => product * side, 1);
  const last = shape.reduce((sum, side, axis) => sum + (side - 1) * strides[axis]!, offset);
  if (elements > storage.elements || (elements > 0 && last >= storage.elements)) return null;
  const tensor: TorchTensor = { kind: 'tensor', storage, offset, shape, strides };
  return { kind: 'built', value: tensor };
}

/** As above, with the element type as the seventh argument, for types that have no storage class: float8, uint16 and the like. */
function rebuildTypedTensor(args: readonly PickleValue[]): PickleValue | null {
  const dtype = args[6];
  const [built, ...rest] = args;
  if (!isKind(dtype, 'global') || !isKind(built, 'built')) return null;
  const name = dtype.name.slice('torch.'.length);
  const untyped = built.value as TorchStorage;
  const itemBytes = DTYPE_BYTES[name] ?? (name.startsWith('float8') ? 1 : null);
  if (itemBytes === null || untyped.kind !== 'storage') return null;
  const elements = Math.floor((untyped.elements * untyped.itemBytes) / itemBytes);
  const storage: TorchStorage = { ...untyped, dtype: name, itemBytes, elements };
  return rebuildTensor([{ kind: 'built', value: storage }, ...rest]);
}

function counts(value: PickleValue | undefined): number[] | null {
  return isKind(value, 'list') && value.items.every(isCount)
    ? ((value as PickleList).items as number[])
    : null;
}

const isCount = (value: PickleValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** Whether a pickled value is a tensor. */
export function isTensor(value: PickleValue | undefined): value is { kind: 'built'; value: TorchTensor } {
  return isKind(value, 'built') && (value.value as TorchTensor).kind === 'tensor';
}

/** Returns every tensor in a value with its path, parts joined by dots; each container is walked once, however often it is named, and none below
 * MAX_DEPTH or behind a path longer than MAX_NAME_LENGTH. */
export function findTensors(value: PickleValue): { name: string; tensor: TorchTensor }[] {
  const found: { name: string; tensor: TorchTensor }[] = [];
  const seen = new Set<object>();
  const open: [string, PickleValue, number][] = [['', value, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [path, current, depth] = next;
    if (isTensor(current)) found.push({ name: path === '' ? 'tensor' : path, tensor: current.value });
    const children: [PickleValue, PickleValue][] = isKind(current, 'dict')
      ? current.entries
      : isKind(current, 'list')
        ? current.items.map((item, index) => [index, item])
        : [];
    if (children.length === 0 || depth > MAX_DEPTH || seen.has(current as object)) continue;
    seen.add(current as object);
    for (const [key, child] of children.toReversed()) {
      const part = typeof key === 'string' || typeof key === 'number' ? String(key) : '?';
      if (typeof child === 'object' && child !== null && path.length + part.length < MAX_NAME_LENGTH) {
        open.push([path === '' ? part : `${path}.${part}`, child, depth + 1]);
      }
    }
  }
  return found;
}
