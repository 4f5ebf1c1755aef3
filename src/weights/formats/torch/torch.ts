import { elementCount } from '../../../base/elementCount.ts';
import { ByteReader } from '../../../base/files/byteReader.ts';
import type { RandomAccessFile } from '../../../base/files/randomAccessFile.ts';
import { UserError } from '../../../base/userError.ts';
import type { ZipFile } from '../../../base/zip/zip.ts';
import {
  columnMajorStrides,
  decodeNumbers,
  gatherStrided,
  isNumberDtype,
  NUMBER_BYTES,
  readNumbers,
} from '../../tensors/floatBytes.ts';
import { NUMPY_DTYPES } from '../../tensors/numpyDtypes.ts';
import { scaledTensor } from '../../tensors/scaledTensor.ts';
import { storedTensor, unreadTensor } from '../../tensors/storedTensor.ts';
import type { StoredTensor, TensorFile } from '../../tensors/weightsFile.ts';
import type { NumpyArray } from './pickledNumpy.ts';
import { findTensors } from './pickledTensors.ts';
import { isKind, type PickleValue } from './pickleValue.ts';
import { readTorchPickle, type TorchStorage, type TorchTensor } from './torchPickle.ts';

/** Far beyond what the largest state dict takes; torch.save packs nothing, so that arrays within a pickle are not meant. */
const MAX_PACKED_PICKLE = 2 ** 27;
/** The wrapper of its first array stands early in the file. */
const JOBLIB_WITHIN = 2 ** 20;
/** The first value of a legacy file (torch.serialization.MAGIC_NUMBER). */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

/** Where the values of a storage lie. */
interface StorageData {
  file: RandomAccessFile;
  offset: number;
}

/**
 * Returns the tensors of what torch.save writes since version 1.6, a zip archive, or of TorchScript's. A module that was frozen keeps its
 * weights among the constants of its code.
 */
export function openTorchZip(file: RandomAccessFile, zip: ZipFile): TensorFile {
  const pickleName = zip.names.find((name) => /(^|\/)data\.pkl$/.test(name));
  if (pickleName === undefined) throw new UserError(`${file.path} must have a member data.pkl, got none`);
  const folder = pickleName.slice(0, -'data.pkl'.length);
  const bigEndian = readByteOrder(zip, `${folder}byteorder`) === 'big';
  const tensorsOf = (part: string): StoredTensor[] => {
    const pickle = new ByteReader(zip.open(`${folder}${part}.pkl`, MAX_PACKED_PICKLE));
    const root = readTorchPickle(pickle, () => {});
    return pickledTensors(file, root, { ...storagesIn(file, zip, `${folder}${part}`), bigEndian });
  };
  let tensors = tensorsOf('data');
  if (tensors.length === 0 && zip.names.includes(`${folder}constants.pkl`)) {
    tensors = tensorsOf('constants').map((tensor) => ({ ...tensor, name: `constants.${tensor.name}` }));
  }
  return { format: 'PyTorch', tensors, skipped: [], close: file.close };
}

/** The storages of a zip archive are members of one folder, named by their keys. */
function storagesIn(file: RandomAccessFile, zip: ZipFile, folder: string): Omit<Storages, 'bigEndian'> {
  return {
    dataOf: ({ key }) => ({ file: zip.open(`${folder}/${key}`), offset: 0 }),
    check: ({ key, elements, itemBytes }) => {
      const member = `${folder}/${key}`;
      if (zip.size(member) < elements * itemBytes) {
        throw new UserError(
          `${file.path}!${member} must have ${elements * itemBytes} bytes, got ${zip.size(member)}`,
        );
      }
    },
  };
}

function readByteOrder(zip: ZipFile, name: string): string {
  if (!zip.names.includes(name) || zip.size(name) > 16) return 'little';
  const member = zip.open(name);
  return new TextDecoder().decode(member.read(0, member.size, 'byte order'));
}

/** Returns the tensors of what torch.save wrote before version 1.6: pickles, then the storages one after the other. */
export function openTorchLegacy(file: RandomAccessFile): TensorFile {
  const reader = new ByteReader(file);
  const storages = new Map<string, TorchStorage>();
  const remember = (storage: TorchStorage): void => {
    storages.set(storage.key, storage);
  };
  const read = () => readTorchPickle(reader, remember);
  if (read() !== LEGACY_MAGIC) throw new UserError(`${file.path} must begin as torch.save writes it`);
  if (read() !== LEGACY_PROTOCOL)
    throw reader.error(`the protocol must be ${LEGACY_PROTOCOL}, got another one`);
  const system = read();
  const root = read();
  const keys = read();
  if (!isKind(keys, 'list')) throw reader.error('the list of storages must follow');
  const littleEndian =
    !isKind(system, 'dict') ||
    !system.entries.some(([key, value]) => key === 'little_endian' && value === false);
  const places = new Map<string, StorageData>();
  for (const key of keys.items) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined)
      throw reader.error(`storage ${String(key).slice(0, 80)} must be one of a tensor`);
    const elements = reader.u64('number of values of a storage');
    if (elements !== storage.elements) {
      throw reader.error(
        `storage ${storage.key} must have ${storage.elements} values, got ${elements}`,
        reader.offset - 8,
      );
    }
    places.set(storage.key, { file, offset: reader.offset });
    reader.skip(elements * storage.itemBytes, `storage ${storage.key}`);
  }
  const check = ({ key }: TorchStorage): void => {
    if (!places.has(key)) throw reader.error(`storage ${key} must be in the file`);
  };
  const tensors = pickledTensors(file, root, {
    dataOf: ({ key }) => places.get(key)!,
    check,
    bigEndian: !littleEndian,
  });
  return { format: 'PyTorch (legacy)', tensors, skipped: [], close: file.close };
}

/** Returns the tensors and NumPy arrays of a plain pickle, which has no storages beside it. */
export function openPickle(file: RandomAccessFile): TensorFile {
  const start = Buffer.from(file.read(0, Math.min(file.size, JOBLIB_WITHIN), 'beginning'));
  if (start.includes('joblib.numpy_pickle')) {
    throw new UserError(
      `${file.path} must be a pickle, got joblib's format, whose arrays lie between its opcodes`,
      'Save it with pickle: pickle.dump(joblib.load(FILE), open("model.pkl", "wb"))',
    );
  }
  const root = readTorchPickle(new ByteReader(file), () => {});
  const missing = ({ key }: TorchStorage): never => {
    throw new UserError(`${file.path} must have storage ${key}, got a pickle without any`);
  };
  const tensors = pickledTensors(file, root, { dataOf: missing, check: missing, bigEndian: false });
  return { format: 'pickle', tensors, skipped: [], close: file.close };
}

/** Where the values of the storages of a file are. */
interface Storages {
  dataOf(storage: TorchStorage): StorageData;
  /** Throws UserError where a storage is not in the file, or not whole. */
  check(storage: TorchStorage): void;
  bigEndian: boolean;
}

function pickledTensors(file: RandomAccessFile, root: PickleValue, storages: Storages): StoredTensor[] {
  return findTensors(file, root).map(({ name, tensor, use }) => {
    if (tensor.kind === 'unread') return { ...unreadTensor({ name, ...tensor, unread: tensor.reason }), use };
    if (tensor.kind === 'array') return { ...arrayTensor(file, name, tensor), use };
    const { shape, quantizer } = tensor;
    storages.check(tensor.storage);
    const read = (): Float32Array | Float64Array => readTensor(name, tensor, storages);
    if (quantizer === null) {
      const convLayout = shape.length > 2 ? 'outInKernel' : null;
      return storedTensor({ name, shape, dtype: tensor.storage.dtype, use, convLayout, read });
    }
    return scaledTensor(
      storedTensor({ name, shape, dtype: tensor.storage.dtype, use, read }),
      quantizer.kind === 'tensor'
        ? { scale: () => [quantizer.scale], zero: () => [quantizer.zero], axis: null }
        : {
            scale: () => readTensor(`${name} (scales)`, quantizer.scales, storages),
            zero: () => readTensor(`${name} (zero points)`, quantizer.zeros, storages),
            axis: quantizer.axis,
          },
    );
  });
}

function readTensor(
  name: string,
  { storage, offset, shape, strides }: TorchTensor,
  { dataOf, bigEndian }: Storages,
): Float32Array | Float64Array {
  if (!isNumberDtype(storage.dtype)) {
    throw new UserError(`tensor ${name} must hold numbers that are read, got ${storage.dtype}`);
  }
  const elements = elementCount(shape);
  const span = elements === 0 ? 0 : shape.reduce((sum, side, axis) => sum + (side - 1) * strides[axis]!, 1);
  const { file, offset: start } = dataOf(storage);
  const at = { offset: start + offset * storage.itemBytes, count: span, bigEndian };
  const values = readNumbers(file, storage.dtype, at, `tensor ${name}`);
  return isContiguous(shape, strides) ? values : gatherStrided(values, shape, strides);
}

function arrayTensor(file: RandomAccessFile, name: string, array: NumpyArray): StoredTensor {
  const { shape, code, bytes, fortranOrder } = array;
  const dtype = Object.hasOwn(NUMPY_DTYPES, code) ? NUMPY_DTYPES[code]! : code;
  if (bytes === null || !isNumberDtype(dtype)) {
    return unreadTensor({ name, shape, dtype, unread: `values are ${dtype}, no floats` });
  }
  const expected = elementCount(shape) * NUMBER_BYTES[dtype];
  if (bytes.length !== expected) {
    throw new UserError(`${file.path}: array ${name} must have ${expected} bytes, got ${bytes.length}`);
  }
  return storedTensor({
    name,
    shape,
    dtype,
    read: () => {
      const values = decodeNumbers(dtype, Uint8Array.from(bytes), array.bigEndian);
      return fortranOrder ? gatherStrided(values, shape, columnMajorStrides(shape)) : values;
    },
  });
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}
