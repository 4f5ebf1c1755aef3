import { elementCount } from '../elementCount.ts';
import { writeFileAtomic } from '../files/atomicWrite.ts';
import { openRandomAccess } from '../files/randomAccessFile.ts';
import { UserError } from '../userError.ts';
import {
  decodeTensor,
  encodeTensor,
  isTensorDtype,
  TENSOR_DTYPES,
  type TensorData,
  type TensorDtype,
} from './dtype.ts';
import { readSafetensorsHeader, type TensorInfo } from './header.ts';

export type { TensorData, TensorDtype } from './dtype.ts';
export type { TensorInfo } from './header.ts';

/** Values in row-major order. F16 and BF16 hold a Float32Array, BOOL a Uint8Array, every other dtype its own array. */
export interface Tensor {
  dtype: TensorDtype;
  shape: readonly number[];
  data: TensorData;
}

/** An open safetensors file: the header is read and checked, a tensor is read when it is asked for. */
export interface SafetensorsFile {
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Names in the order of the data. */
  readonly names: readonly string[];
  info(name: string): TensorInfo;
  read(name: string): Tensor;
  close(): void;
}

/**
 * Writes tensors to `path`, whole or not at all. Equal arguments give equal bytes whatever their order: tensors lie by falling
 * element size, then by name, byte for byte as the reference implementation lays them out; metadata is sorted by key.
 */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const ordered = [...tensors].sort(
    ([nameA, a], [nameB, b]) =>
      TENSOR_DTYPES.indexOf(a.dtype) - TENSOR_DTYPES.indexOf(b.dtype) || (nameA < nameB ? -1 : 1),
  );
  const header: [string, unknown][] = [];
  const chunks: Uint8Array[] = [];
  const sortedMetadata = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (sortedMetadata.length > 0) header.push(['__metadata__', Object.fromEntries(sortedMetadata)]);
  let offset = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    if (name === '__metadata__') throw new RangeError('tensor name must not be __metadata__');
    const elements = elementCount(shape);
    if (data.length !== elements) {
      throw new RangeError(
        `data of tensor ${name} [${shape}] must have ${elements} values, got ${data.length}`,
      );
    }
    const bytes = encodeTensor(name, dtype, data);
    chunks.push(bytes);
    header.push([name, { dtype, shape, data_offsets: [offset, offset + bytes.byteLength] }]);
    offset += bytes.byteLength;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  writeFileAtomic(path, [length, padded, ...chunks]);
}

/** Returns `path` open, its header checked; a file that is not whole and well-formed is a UserError with the offset. */
export function openSafetensors(path: string): SafetensorsFile {
  const file = openRandomAccess(path);
  try {
    const { metadata, tensors } = readSafetensorsHeader(file);
    const info = (name: string): TensorInfo => {
      const found = tensors.get(name);
      if (found === undefined) {
        throw new UserError(
          `unknown tensor in ${path}: ${name} (known: ${[...tensors.keys()].slice(0, 20).join(', ')})`,
        );
      }
      return found;
    };
    return {
      path,
      metadata,
      names: [...tensors.keys()],
      info,
      read(name) {
        const { dtype, shape, offset, bytes } = info(name);
        if (!isTensorDtype(dtype)) {
          throw new UserError(
            `${path}: dtype of tensor ${name} must be one of ${TENSOR_DTYPES.join(', ')}, got ${dtype}`,
          );
        }
        return { dtype, shape, data: decodeTensor(dtype, file.read(offset, bytes, `tensor ${name}`)) };
      },
      close: file.close,
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Returns every tensor of `path` and its metadata. */
export function readSafetensors(path: string): {
  metadata: Readonly<Record<string, string>>;
  tensors: Map<string, Tensor>;
} {
  const file = openSafetensors(path);
  try {
    return { metadata: file.metadata, tensors: new Map(file.names.map((name) => [name, file.read(name)])) };
  } finally {
    file.close();
  }
}
