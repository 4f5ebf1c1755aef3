import { elementCount } from '../../../base/elementCount.ts';
import { ByteReader } from '../../../base/files/byteReader.ts';
import { meteredFile } from '../../../base/files/limits.ts';
import { fileSection, type RandomAccessFile } from '../../../base/files/randomAccessFile.ts';
import { UserError } from '../../../base/userError.ts';
import { decodeNumbers, isNumberDtype } from '../../tensors/floatBytes.ts';
import { storedTensor } from '../../tensors/storedTensor.ts';
import type { NumberDtype, SkippedTensor, StoredTensor, TensorFile } from '../../tensors/weightsFile.ts';
import { readChunked, unreadFilter } from './chunks.ts';
import { type Hdf5Dataset, readDataset } from './dataset.ts';
import { walkObjects } from './groups.ts';
import { useIn } from './kerasUse.ts';

export const HDF5_SIGNATURE = '\x89HDF\r\n\x1a\n';
/** Groups that only files of Keras have at their root. */
const KERAS_ROOTS = ['model_weights', 'layers', '_layer_checkpoint_dependencies', 'top_level_model_weights'];
/** Returns the data sets of an HDF5 file: of Keras (.h5, .weights.h5) or of anything else, as far as they are stored in a readable way. */
export function openHdf5(file: RandomAccessFile): TensorFile {
  const base = findSuperblock(file);
  const content = base === 0 ? file : fileSection(file, file.path, base, file.size - base);
  const headers = meteredFile(content);
  const datasets: { name: string; dataset: Hdf5Dataset }[] = [];
  const skipped: SkippedTensor[] = [];
  let isKeras = false;
  walkObjects(headers, readRootAddress(headers), (name, messages) => {
    isKeras ||= KERAS_ROOTS.includes(name);
    const dataset = readDataset(headers, messages);
    if (dataset !== null) datasets.push({ name, dataset });
  });
  const tensors: StoredTensor[] = [];
  for (const { name, dataset } of datasets) {
    const reason = isNumberDtype(dataset.dtype) ? unreadable(dataset) : null;
    if (reason === null) tensors.push(datasetTensor(content, name, dataset, isKeras));
    else skipped.push({ name, reason });
  }
  return { format: isKeras ? 'Keras HDF5' : 'HDF5', tensors, skipped, close: file.close };
}

/** Returns why the values cannot be read or are no layer, or null. */
function unreadable({ layout, filters }: Hdf5Dataset): string | null {
  if (layout.kind === 'none') return layout.reason;
  return unreadFilter(filters);
}

function datasetTensor(
  file: RandomAccessFile,
  name: string,
  dataset: Hdf5Dataset,
  isKeras: boolean,
): StoredTensor {
  const { shape, dtype, itemBytes, bigEndian, layout } = dataset;
  const bytes = elementCount(shape) * itemBytes;
  if (layout.kind === 'contiguous' && isNumberDtype(dtype) && layout.bytes !== bytes) {
    throw new UserError(
      `${file.path}: data set ${name} (${dtype} [${shape.join(', ')}]) must have ${bytes} bytes, got ${layout.bytes}`,
    );
  }
  return storedTensor({
    name,
    shape,
    dtype,
    use: isKeras ? useIn(groupOf(name), name, shape) : null,
    convLayout: isKeras ? 'kernelInOut' : null,
    read() {
      if (layout.kind === 'none')
        throw new TypeError(`data set ${name} must be stored, got ${layout.reason}`);
      const data =
        layout.kind === 'contiguous'
          ? file.read(layout.offset, bytes, `data set ${name}`)
          : readChunked(file, name, dataset, layout);
      return decodeNumbers(dtype as NumberDtype, data, bigEndian);
    },
  });
}

/** Returns the group of a layer in which a variable is, without the number that tells it from its like. */
function groupOf(name: string): string {
  const parts = name.split('/');
  return parts.at(-2) === 'vars' ? (parts.at(-3) ?? '').replace(/_\d+$/, '') : '';
}

/** The superblock stands at 0, or at 512 times a power of two behind a user block. */
function findSuperblock(file: RandomAccessFile): number {
  for (
    let offset = 0;
    offset + HDF5_SIGNATURE.length <= file.size;
    offset = offset === 0 ? 512 : offset * 2
  ) {
    const found = file.read(offset, HDF5_SIGNATURE.length, 'signature');
    if (String.fromCharCode(...found) === HDF5_SIGNATURE) return offset;
  }
  throw new UserError(`${file.path} must have the HDF5 signature, got none`);
}

function readRootAddress(file: RandomAccessFile): number {
  const reader = new ByteReader(file, HDF5_SIGNATURE.length);
  const version = reader.u8('version of the superblock');
  const isOld = version === 0 || version === 1;
  if (!isOld && version !== 2 && version !== 3) {
    throw reader.error(`the version of the superblock must be 0 to 3, got ${version}`, reader.offset - 1);
  }
  if (isOld) reader.skip(4, 'superblock');
  const sizes = [reader.u8('size of offsets'), reader.u8('size of lengths')];
  if (sizes.some((size) => size !== 8)) {
    throw reader.error(
      `offsets and lengths must have 8 bytes, got ${sizes.join(' and ')}`,
      reader.offset - 2,
    );
  }
  // Old: padding, tree sizes, flags, four addresses, offset of the root's name. New: flags, three addresses.
  reader.skip(isOld ? 1 + 8 + (version === 1 ? 4 : 0) + 4 * 8 + 8 : 1 + 3 * 8, 'superblock');
  return reader.u64('address of the root group');
}
