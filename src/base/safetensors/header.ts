import { checkCount, MAX_TENSORS } from '../files/limits.ts';
import type { RandomAccessFile } from '../files/randomAccessFile.ts';
import { jsonEntries } from '../jsonEntries.ts';
import { keepHeapDense } from '../machine/denseHeap.ts';
import { UserError } from '../userError.ts';
import { DTYPE_BYTES } from './dtype.ts';

/** Where a tensor lies, and what it is: `offset` counts from the start of the file. */
export interface TensorInfo {
  /** A TensorDtype, or the file's word for another element type. */
  dtype: string;
  shape: readonly number[];
  offset: number;
  bytes: number;
}

export interface SafetensorsHeader {
  metadata: Readonly<Record<string, string>>;
  tensors: ReadonlyMap<string, TensorInfo>;
}

const MAX_DTYPE_LENGTH = 32;
/** The limit of the format's reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;
/** Three are needed; metadata may be anything. */
const MAX_DEPTH = 64;
const LENGTH_BYTES = 8;

/**
 * Returns the header of a safetensors file after checking all of it: the tensors must tile the rest of the file without hole
 * or overlap, and each must have as many bytes as its dtype and shape take. Anything else is a UserError with the offset.
 */
export function readSafetensorsHeader(file: RandomAccessFile): SafetensorsHeader {
  const lengthField = file.read(0, LENGTH_BYTES, 'header length');
  const claimed = new DataView(lengthField.buffer).getBigUint64(0, true);
  const room = file.size - LENGTH_BYTES;
  if (claimed > BigInt(Math.min(MAX_HEADER_BYTES, room))) {
    throw new UserError(
      `${file.path}: header length at offset 0 must be at most ${Math.min(MAX_HEADER_BYTES, room)}, got ${claimed}`,
    );
  }
  const length = Number(claimed);
  const dataStart = LENGTH_BYTES + length;
  const { metadata, infos } = parseHeader(file, length, dataStart);
  let end = dataStart;
  const tensors = inOrder(infos);
  for (const [name, info] of tensors) {
    if (info.offset !== end) {
      throw new UserError(
        `${file.path}: tensor ${shown(name)} must start at offset ${end}, got ${info.offset}`,
      );
    }
    end += info.bytes;
  }
  if (end !== file.size) {
    throw new UserError(
      `${file.path} must end with its last tensor at offset ${end}, got ${file.size} bytes`,
    );
  }
  return { metadata, tensors };
}

/** Returns the tensors in the order of their data, in which most files list them. */
function inOrder(infos: Map<string, TensorInfo>): Map<string, TensorInfo> {
  let last: TensorInfo | null = null;
  for (const info of infos.values()) {
    if (last !== null && compare(last, info) > 0) {
      return new Map([...infos].sort(([, a], [, b]) => compare(a, b)));
    }
    last = info;
  }
  return infos;
}

const compare = (a: TensorInfo, b: TensorInfo): number => a.offset - b.offset || a.bytes - b.bytes;

/** Reads the header entry by entry: as one tree of objects so many tensors would take hundreds of megabytes. */
function parseHeader(
  file: RandomAccessFile,
  length: number,
  dataStart: number,
): { metadata: Record<string, string>; infos: Map<string, TensorInfo> } {
  const bytes = file.read(LENGTH_BYTES, length, 'header');
  const infos = new Map<string, TensorInfo>();
  const shapes = new Map<string, readonly number[]>();
  let metadata: unknown;
  try {
    for (const [name, entry] of jsonEntries(bytes, MAX_DEPTH - 1)) {
      if (name === '__metadata__') metadata = entry;
      else infos.set(name, readInfo(file, name, entry, dataStart, shapes));
      keepHeapDense(infos.size);
      checkCount(file, 'tensors', infos.size, MAX_TENSORS);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const wanted = /^\s*\{/.test(Buffer.from(bytes.subarray(0, 64)).toString()) ? 'JSON' : 'a JSON object';
    throw new UserError(
      `${file.path}: header at offset ${LENGTH_BYTES} must be ${wanted}, got ${firstLine(error)}`,
    );
  }
  return { metadata: readMetadata(file, metadata), infos };
}

function readMetadata(file: RandomAccessFile, metadata: unknown): Record<string, string> {
  if (metadata === undefined || metadata === null) return {};
  if (!isRecord(metadata)) throw new UserError(`${file.path}: __metadata__ in the header must be an object`);
  // The format asks for strings; writers that put numbers there lose nothing else by it.
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [key, typeof value === 'string' ? value : shown(value)]),
  );
}

/** `shapes` has those of the tensors before, which most of the others share. */
function readInfo(
  file: RandomAccessFile,
  name: string,
  entry: unknown,
  dataStart: number,
  shapes: Map<string, readonly number[]>,
): TensorInfo {
  const fail = (field: string, constraint: string, value: unknown): never => {
    throw new UserError(
      `${file.path}: ${field} of tensor ${shown(name)} in the header must be ${constraint}, got ${shown(value)}`,
    );
  };
  if (!isRecord(entry)) return fail('entry', 'an object', entry);
  const { dtype, shape, data_offsets: range } = entry;
  if (typeof dtype !== 'string' || dtype.length > MAX_DTYPE_LENGTH)
    return fail('dtype', 'a short text', dtype);
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    return fail('shape', 'a list of counts', shape);
  }
  const [start, end] = Array.isArray(range) && range.length === 2 ? range : [];
  if (!isCount(start) || !isCount(end) || start > end) {
    return fail('data_offsets', 'two ascending offsets', range);
  }
  const bytes = end - start;
  // How many bits an element of an unknown type takes nobody can check.
  const itemBytes = Object.hasOwn(DTYPE_BYTES, dtype) ? DTYPE_BYTES[dtype]! : null;
  const needed = shape.reduce((product: number, side: number) => product * side, itemBytes ?? 0);
  if (itemBytes !== null && bytes !== needed)
    return fail('data_offsets', `${needed} bytes apart (${dtype} ${shown(shape)})`, range);
  if (dataStart + end > file.size) {
    return fail('data_offsets', `at most ${file.size - dataStart}, where the file ends`, range);
  }
  return { dtype, shape: sharedShape(shape, shapes), offset: dataStart + start, bytes };
}

const MAX_SHARED_SHAPES = 1000;

function sharedShape(shape: number[], shapes: Map<string, readonly number[]>): readonly number[] {
  const key = shape.join();
  const known = shapes.get(key);
  if (known === undefined && shapes.size < MAX_SHARED_SHAPES) shapes.set(key, shape);
  return known ?? shape;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One line of bounded length, whatever a hostile header holds. */
const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80);

const firstLine = (error: unknown): string =>
  String((error as Error).message)
    .split('\n')[0]!
    .slice(0, 80);
