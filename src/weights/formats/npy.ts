import { basename } from 'node:path';
import { elementCount } from '../../base/elementCount.ts';
import { ByteReader } from '../../base/files/byteReader.ts';
import { checkCount, MAX_TENSORS } from '../../base/files/limits.ts';
import { fileSection, type RandomAccessFile } from '../../base/files/randomAccessFile.ts';
import { UserError } from '../../base/userError.ts';
import type { ZipFile } from '../../base/zip/zip.ts';
import { columnMajorStrides, decodeNumbers, gatherStrided, isNumberDtype } from '../tensors/floatBytes.ts';
import { NUMPY_DTYPES } from '../tensors/numpyDtypes.ts';
import { storedTensor } from '../tensors/storedTensor.ts';
import type { NumberDtype, SkippedTensor, StoredTensor, TensorFile } from '../tensors/weightsFile.ts';
import { openPickle } from './torch/torch.ts';

const MAGIC = '\x93NUMPY';
const MAX_HEADER_BYTES = 1 << 16;
const OBJECTS = '|O';
interface NpyHeader {
  dtype: string;
  bigEndian: boolean;
  fortranOrder: boolean;
  shape: number[];
  itemBytes: number;
  dataOffset: number;
}

/** Returns the one array of a .npy file, named after the file, or the arrays among the objects that it holds. */
export function openNpy(file: RandomAccessFile): TensorFile {
  const name = basename(file.path).replace(/\.npy$/, '');
  const tensors = tensorsOf(file.path, name, '', readNpyHeader(file), file.size, () => file);
  return { format: 'npy', tensors, skipped: [], close: file.close };
}

/** Returns the arrays of a .npz archive; of a compressed one only the headers are unpacked until it is read. */
export function openNpz(file: RandomAccessFile, zip: ZipFile): TensorFile {
  const tensors: StoredTensor[] = [];
  const skipped: SkippedTensor[] = [];
  for (const member of zip.names) {
    const name = member.replace(/\.npy$/, '');
    if (name === member) {
      skipped.push({ name, reason: 'no .npy member' });
      continue;
    }
    const header = readNpyHeader(zip.openPrefix(member));
    const found = tensorsOf(file.path, name, `${name}.`, header, zip.size(member), () => zip.open(member));
    for (const tensor of found) tensors.push(tensor);
    checkCount(file, 'arrays', tensors.length + skipped.length, MAX_TENSORS);
  }
  return { format: 'npz', tensors, skipped, close: file.close };
}

/** Returns an array, or of one of objects the arrays among these: numpy.save makes one of a dict, or of a list of arrays. */
function tensorsOf(
  path: string,
  name: string,
  prefix: string,
  header: NpyHeader,
  size: number,
  open: () => RandomAccessFile,
): StoredTensor[] {
  const whole = npyTensor(path, name, header, size, open);
  if (header.dtype !== OBJECTS) return [whole];
  try {
    const file = open();
    const pickle = fileSection(file, file.path, header.dataOffset, file.size - header.dataOffset);
    const found = openPickle(pickle).tensors.map((tensor) => ({ ...tensor, name: prefix + tensor.name }));
    return found.length > 0 ? found : [whole];
  } catch (error) {
    // What cannot be read does not take the other arrays along.
    if (!(error instanceof UserError)) throw error;
    return [whole];
  }
}

function npyTensor(
  path: string,
  name: string,
  header: NpyHeader,
  size: number,
  open: () => RandomAccessFile,
): StoredTensor {
  const { shape, dtype, bigEndian, fortranOrder, itemBytes, dataOffset } = header;
  const bytes = elementCount(shape) * itemBytes;
  if (isNumberDtype(dtype) && dataOffset + bytes !== size) {
    throw new UserError(
      `${path}: array ${name} (${dtype} [${shape.join(', ')}]) must end at offset ${dataOffset + bytes}, got ${size} bytes`,
    );
  }
  return storedTensor({
    name,
    shape,
    dtype,
    read() {
      const values = decodeNumbers(
        dtype as NumberDtype,
        open().read(dataOffset, bytes, `array ${name}`),
        bigEndian,
      );
      return fortranOrder ? gatherStrided(values, shape, columnMajorStrides(shape)) : values;
    },
  });
}

function readNpyHeader(file: RandomAccessFile): NpyHeader {
  const reader = new ByteReader(file);
  const magic = String.fromCharCode(...reader.bytes(6, 'magic string'));
  if (magic !== MAGIC) throw reader.error('the magic string of .npy must begin', 0);
  const version = reader.u8('version');
  reader.skip(1, 'minor version');
  if (version < 1 || version > 3) throw reader.error(`the version must be 1, 2 or 3, got ${version}`, 6);
  const length = version === 1 ? reader.u16('header length') : reader.u32('header length');
  if (length > MAX_HEADER_BYTES) {
    throw reader.error(`the header must have at most ${MAX_HEADER_BYTES} bytes, got ${length}`);
  }
  const start = reader.offset;
  const text = reader.text(length, 'header');
  const shapeText = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const descr = /'descr':\s*(?:'([^']*)'|\[)/.exec(text);
  if (shapeText === undefined || order === undefined || descr === null) {
    throw reader.error('the header must have descr, fortran_order and shape', start);
  }
  const shape = shapeText
    .split(',')
    .map((side) => side.trim())
    .filter((side) => side !== '')
    .map(Number);
  if (!shape.every(Number.isSafeInteger)) throw reader.error('the shape must be whole numbers', start);
  const code = descr[1] ?? 'a record';
  return {
    dtype: Object.hasOwn(NUMPY_DTYPES, code.slice(1)) ? NUMPY_DTYPES[code.slice(1)]! : code,
    bigEndian: code.startsWith('>'),
    fortranOrder: order === 'True',
    shape,
    itemBytes: Number(code.slice(2)),
    dataOffset: reader.offset,
  };
}
