import { basename } from 'node:path';
import { elementCount } from '../../base/elementCount.ts';
import { ByteReader } from '../../base/files/byteReader.ts';
import type { RandomAccessFile } from '../../base/files/randomAccessFile.ts';
import { UserError } from '../../base/userError.ts';
import type { ZipFile } from '../../base/zip/zip.ts';
import { columnMajorStrides, decodeNumbers, gatherStrided, isNumberDtype } from '../tensors/floatBytes.ts';
import { storedTensor } from '../tensors/storedTensor.ts';
import type { NumberDtype, StoredTensor, TensorFile } from '../tensors/weightsFile.ts';

const MAGIC = '\x93NUMPY';
const MAX_HEADER_BYTES = 1 << 16;
/** Element types by NumPy's codes without the byte order. */
export const NUMPY_DTYPES: Readonly<Record<string, NumberDtype>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  u1: 'uint8',
  i2: 'int16',
  u2: 'uint16',
  i4: 'int32',
  i8: 'int64',
  // NumPy has no bfloat16: arrays of the package ml_dtypes are written as two bytes of nothing known.
  V2: 'bfloat16',
};

interface NpyHeader {
  dtype: string;
  bigEndian: boolean;
  fortranOrder: boolean;
  shape: number[];
  itemBytes: number;
  dataOffset: number;
}

/** Returns the one array of a .npy file, named after the file. */
export function openNpy(file: RandomAccessFile): TensorFile {
  const name = basename(file.path).replace(/\.npy$/, '');
  const tensor = npyTensor(file.path, name, readNpyHeader(file), file.size, () => file);
  return { format: 'npy', tensors: [tensor], skipped: [], close: file.close };
}

/** Returns the arrays of a .npz archive; of a compressed one only the headers are unpacked until it is read. */
export function openNpz(file: RandomAccessFile, zip: ZipFile): TensorFile {
  const isArray = (name: string): boolean => name.endsWith('.npy');
  const tensors = zip.names
    .filter(isArray)
    .map((name) =>
      npyTensor(
        file.path,
        name.replace(/\.npy$/, ''),
        readNpyHeader(zip.openPrefix(name)),
        zip.size(name),
        () => zip.open(name),
      ),
    );
  const skipped = zip.names
    .filter((name) => !isArray(name))
    .map((name) => ({ name, reason: 'no .npy member' }));
  return { format: 'npz', tensors, skipped, close: file.close };
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
