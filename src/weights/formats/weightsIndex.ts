import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { checkCount, MAX_TENSORS } from '../../base/files/limits.ts';
import type { RandomAccessFile } from '../../base/files/randomAccessFile.ts';
import { UserError } from '../../base/userError.ts';
import { jsonProperty } from '../tensors/jsonProperty.ts';
import type { SkippedTensor, StoredTensor, TensorFile } from '../tensors/weightsFile.ts';

const MAX_JSON_BYTES = 1 << 26;
/** Shards are open at the same time. */
const MAX_SHARDS = 500;

/** Whether a file name is that of an index of shards: Hugging Face's, or Keras's. */
export const isWeightsIndex = (name: string): boolean =>
  /\.(safetensors|bin)\.index(\.\w+)?\.json$|\.weights\.json$/.test(name);

/** Returns the names of the shards that an index lists; none where it cannot be read: opening it says why. */
export function shardsOf(path: string): string[] {
  try {
    if (statSync(path).size > MAX_JSON_BYTES) return [];
    return shardNames(path, JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return [];
  }
}

/** Returns the tensors of all shards that an index lists, each opened by `open`. They must lie beside it. */
export function openWeightsIndex(file: RandomAccessFile, open: (path: string) => TensorFile): TensorFile {
  const shards: TensorFile[] = [];
  const close = (): void => {
    for (const shard of shards) shard.close();
    file.close();
  };
  const tensors: StoredTensor[] = [];
  const skipped: SkippedTensor[] = [];
  let index: unknown;
  try {
    index = readJson(file);
    const names = shardNames(file.path, index);
    for (const name of names) {
      const shard = openShard(file.path, name, names, open);
      shards.push(shard);
      for (const tensor of shard.tensors) tensors.push(tensor);
      for (const tensor of shard.skipped) skipped.push(tensor);
      checkCount(file, 'tensors in its shards', tensors.length + skipped.length, MAX_TENSORS);
    }
  } catch (error) {
    close();
    throw error;
  }
  const inShards = new Set([...tensors, ...skipped].map(({ name }) => name));
  for (const name of tensorNames(index)) {
    if (!inShards.has(name)) skipped.push({ name, reason: 'listed by the index, but not in its shard' });
  }
  return { format: `${shards[0]?.format ?? 'no'} shards`, tensors, skipped, close };
}

function openShard(
  path: string,
  name: string,
  names: readonly string[],
  open: (path: string) => TensorFile,
): TensorFile {
  try {
    return open(join(dirname(path), name));
  } catch (error) {
    // A download that was broken off, or links that lead nowhere.
    const missing = names.filter((shard) => !existsSync(join(dirname(path), shard)));
    if (missing.length === 0) throw error;
    const listed = `${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', ...' : ''}`;
    throw new UserError(
      `${path} must have all its ${names.length} shards beside it, got ${names.length - missing.length}: ${listed} missing`,
      'Fetch the missing ones, or give the shards that are there by name',
    );
  }
}

/** Of tensors by name, as Hugging Face lists them; Keras lists layers. */
function tensorNames(index: unknown): string[] {
  const map = Object.entries(jsonProperty(index, 'weight_map') as object);
  return map.every(([, shard]) => typeof shard === 'string') ? map.map(([name]) => name) : [];
}

function readJson(file: RandomAccessFile): unknown {
  if (file.size > MAX_JSON_BYTES) {
    throw new UserError(`${file.path} must have at most ${MAX_JSON_BYTES} bytes, got ${file.size}`);
  }
  try {
    return JSON.parse(new TextDecoder().decode(file.read(0, file.size, 'JSON')));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${file.path} must be JSON, got ${(error as Error).message}`);
  }
}

/** Keras lists the shards of a layer, Hugging Face the shard of a tensor. */
function shardNames(path: string, index: unknown): string[] {
  const map = jsonProperty(index, 'weight_map');
  if (typeof map !== 'object' || map === null)
    throw new UserError(`${path} must have a weight_map, got none`);
  const shards = [...new Set(Object.values(map).flat())];
  if (shards.length > MAX_SHARDS)
    throw new UserError(`${path} must have at most ${MAX_SHARDS} shards, got ${shards.length}`);
  return shards.map((shard) => {
    if (typeof shard !== 'string' || basename(shard) !== shard || isWeightsIndex(shard)) {
      throw new UserError(
        `${path}: shards must be weights files beside it, got ${JSON.stringify(shard)?.slice(0, 80)}`,
      );
    }
    return shard;
  });
}
