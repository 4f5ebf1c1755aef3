import type { RandomAccessFile } from '../files/randomAccessFile.ts';
import { UserError } from '../files/userError.ts';
import { ByteReader } from './byteReader.ts';
import { decodeFloats, elementCount, gatherStrided, isFloatDtype } from './floatBytes.ts';
import { isKind } from './pickleValue.ts';
import { findTensors, readTorchPickle, type TorchStorage, type TorchTensor } from './torchPickle.ts';
import type { FloatDtype, StoredTensor, TensorFile } from './weightsFile.ts';
import type { ZipFile } from './zip.ts';

/** The first value of a legacy file (torch.serialization.MAGIC_NUMBER). */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

const REMEDY = 'Save the weights alone: torch.save(model.state_dict(), path)';

/** Where the values of a storage lie. */
interface StorageData {
  file: RandomAccessFile;
  offset: number;
}

/** Returns the tensors of what torch.save writes since version 1.6: a zip archive. */
export function openTorchZip(file: RandomAccessFile, zip: ZipFile): TensorFile {
  const pickleName = zip.names.find((name) => /(^|\/)data\.pkl$/.test(name));
  if (pickleName === undefined) throw new UserError(`${file.path} must have a member data.pkl, got none`);
  const folder = pickleName.slice(0, -'data.pkl'.length);
  const bigEndian = readByteOrder(zip, `${folder}byteorder`) === 'big';
  const pickle = new ByteReader(zip.open(pickleName));
  const root = withRemedy(() => readTorchPickle(pickle, () => {}));
  const dataOf = ({ key }: TorchStorage): StorageData => ({
    file: zip.open(`${folder}data/${key}`),
    offset: 0,
  });
  const tensors = findTensors(root).map(({ name, tensor }) => {
    const { key, elements, itemBytes } = tensor.storage;
    const member = `${folder}data/${key}`;
    if (zip.size(member) < elements * itemBytes) {
      throw new UserError(
        `${file.path}!${member} must have ${elements * itemBytes} bytes, got ${zip.size(member)}`,
      );
    }
    return storedTensor(name, tensor, dataOf, bigEndian);
  });
  return { format: 'PyTorch', tensors, skipped: [], close: file.close };
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
  const read = () => withRemedy(() => readTorchPickle(reader, remember));
  if (read() !== LEGACY_MAGIC) throw new UserError(`${file.path} must begin as torch.save writes it`, REMEDY);
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
  const dataOf = ({ key }: TorchStorage): StorageData => places.get(key)!;
  const tensors = findTensors(root).map(({ name, tensor }) => {
    if (!places.has(tensor.storage.key))
      throw reader.error(`storage ${tensor.storage.key} must be in the file`);
    return storedTensor(name, tensor, dataOf, !littleEndian);
  });
  return { format: 'PyTorch (legacy)', tensors, skipped: [], close: file.close };
}

function storedTensor(
  name: string,
  { storage, offset, shape, strides }: TorchTensor,
  dataOf: (storage: TorchStorage) => StorageData,
  bigEndian: boolean,
): StoredTensor {
  const elements = elementCount(shape);
  const span = elements === 0 ? 0 : shape.reduce((sum, side, axis) => sum + (side - 1) * strides[axis]!, 1);
  return {
    name,
    shape,
    dtype: storage.dtype,
    kind: null,
    convLayout: shape.length > 2 ? 'outInKernel' : null,
    read() {
      if (!isFloatDtype(storage.dtype))
        throw new TypeError(`tensor ${name} must hold floats, got ${storage.dtype}`);
      const { file, offset: start } = dataOf(storage);
      const { itemBytes } = storage;
      const bytes = file.read(start + offset * itemBytes, span * itemBytes, `tensor ${name}`);
      const values = decodeFloats(storage.dtype as FloatDtype, bytes, bigEndian);
      return isContiguous(shape, strides) ? values : gatherStrided(values, shape, strides);
    },
  };
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** A file with more than tensors in it can be mended by its owner: the error says how. */
function withRemedy<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError && error.remedy === undefined) throw new UserError(error.message, REMEDY);
    throw error;
  }
}
