import { dirname, isAbsolute, join } from 'node:path';
import { parseBoundedJson } from '../../base/boundedJson.ts';
import { elementCount } from '../../base/elementCount.ts';
import { openRandomAccess, type RandomAccessFile } from '../../base/files/randomAccessFile.ts';
import { halvesToFloats } from '../../base/floats/halfFloat.ts';
import { UserError } from '../../base/userError.ts';
import { decodeNumbers } from '../tensors/floatBytes.ts';
import { jsonProperty } from '../tensors/jsonProperty.ts';
import { scaledRounding } from '../tensors/scaledTensor.ts';
import { storedTensor } from '../tensors/storedTensor.ts';
import type { SkippedTensor, StoredTensor, TensorFile } from '../tensors/weightsFile.ts';

/** Topology and a line a weight; parsed it takes fifty times as much. */
const MAX_JSON_BYTES = 1 << 24;
const MAX_JSON_DEPTH = 500;
const DTYPE_BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  float16: 2,
  uint8: 1,
  uint16: 2,
};

interface Quantization {
  dtype: string;
  scale: number;
  min: number;
}

interface WeightSpec {
  name: string;
  shape: number[];
  dtype: string;
  quantization: Quantization | null;
}

interface Shard {
  path: string;
  start: number;
  bytes: number;
}

/** Whether a file name is that of a model of TensorFlow.js, or of a manifest of weights alone. */
export const isTfjs = (name: string): boolean =>
  name === 'model.json' || /weights_manifest\.json$/.test(name);

/**
 * Returns the weights of a TensorFlow.js model.json, or of a manifest of weights alone (weights_manifest.json, a bare list); their values
 * lie in the shard files beside it.
 */
export function openTfjs(file: RandomAccessFile): TensorFile {
  const json = readJson(file);
  const manifest = Array.isArray(json) ? json : jsonProperty(json, 'weightsManifest');
  if (!Array.isArray(manifest)) throw new UserError(`${file.path} must have a weightsManifest, got none`);
  const tensors: StoredTensor[] = [];
  const skipped: SkippedTensor[] = [];
  for (const group of manifest) {
    const shards = findShards(file.path, jsonProperty(group, 'paths'));
    const total = shards.reduce((sum, { bytes }) => sum + bytes, 0);
    let offset = 0;
    for (const spec of weightSpecs(file.path, jsonProperty(group, 'weights'))) {
      const itemBytes = DTYPE_BYTES[spec.quantization?.dtype ?? spec.dtype];
      if (itemBytes === undefined) {
        // Its length stands only in the data: what follows it in the group cannot be found either.
        skipped.push({
          name: spec.name,
          reason: `values are ${spec.dtype}; the rest of its group is not read`,
        });
        break;
      }
      const start = offset;
      const bytes = elementCount(spec.shape) * itemBytes;
      offset += bytes;
      if (!(offset <= total)) {
        throw new UserError(
          `${file.path}: weight ${spec.name} (${spec.dtype} [${spec.shape.join(', ')}]) must lie in the ${total} bytes of its shards, got ${bytes} at offset ${start}`,
        );
      }
      tensors.push(
        storedTensor({
          name: spec.name,
          shape: spec.shape,
          dtype: spec.quantization?.dtype ?? spec.dtype,
          dequantized: spec.quantization !== null,
          rounding:
            spec.quantization === null || spec.quantization.dtype === 'float16'
              ? null
              : () => scaledRounding('', [spec.quantization!.scale]),
          notes: spec.quantization === null ? [] : [`dequantized from ${spec.quantization.dtype}`],
          convLayout: 'kernelInOut',
          read: () => decode(spec, readShards(shards, start, bytes)),
        }),
      );
    }
  }
  return { format: 'TensorFlow.js', tensors, skipped, close: file.close };
}

function readJson(file: RandomAccessFile): unknown {
  if (file.size > MAX_JSON_BYTES) {
    throw new UserError(`${file.path} must have at most ${MAX_JSON_BYTES} bytes, got ${file.size}`);
  }
  try {
    return parseBoundedJson(file.read(0, file.size, 'JSON'), MAX_JSON_DEPTH);
  } catch (error) {
    throw new UserError(`${file.path} must be JSON, got ${(error as Error).message}`);
  }
}

function findShards(modelPath: string, paths: unknown): Shard[] {
  if (!Array.isArray(paths))
    throw new UserError(`${modelPath}: a group of weights must have paths, got none`);
  let start = 0;
  return paths.map((name) => {
    if (typeof name !== 'string' || isAbsolute(name) || name.split(/[/\\]/).includes('..')) {
      throw new UserError(
        `${modelPath}: weights must lie beside the model, got ${JSON.stringify(name)?.slice(0, 80)}`,
      );
    }
    const path = join(dirname(modelPath), name);
    const shard = openRandomAccess(path);
    const bytes = shard.size;
    shard.close();
    const own = { path, start, bytes };
    start += bytes;
    return own;
  });
}

function weightSpecs(path: string, weights: unknown): WeightSpec[] {
  if (!Array.isArray(weights)) throw new UserError(`${path}: a group must list its weights, got none`);
  return weights.map((weight) => {
    const [name, shape, dtype] = ['name', 'shape', 'dtype'].map((key) => jsonProperty(weight, key));
    const isShape = Array.isArray(shape) && shape.every((side) => Number.isSafeInteger(side) && side >= 0);
    if (typeof name !== 'string' || typeof dtype !== 'string' || !isShape) {
      throw new UserError(
        `${path}: a weight must have name, shape and dtype, got ${JSON.stringify(weight)?.slice(0, 80)}`,
      );
    }
    const quantization = jsonProperty(weight, 'quantization');
    const [quantizedDtype, scale, min] = ['dtype', 'scale', 'min'].map((key) =>
      jsonProperty(quantization, key),
    );
    return {
      name,
      shape: shape as number[],
      dtype,
      quantization:
        quantization === undefined
          ? null
          : { dtype: String(quantizedDtype), scale: Number(scale ?? 1), min: Number(min ?? 0) },
    };
  });
}

function readShards(shards: readonly Shard[], start: number, bytes: number): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(bytes);
  for (const shard of shards) {
    const from = Math.max(start, shard.start);
    const to = Math.min(start + bytes, shard.start + shard.bytes);
    if (from >= to) continue;
    const file = openRandomAccess(shard.path);
    try {
      data.set(file.read(from - shard.start, to - from, 'weights'), from - start);
    } finally {
      file.close();
    }
  }
  return data;
}

/** A quantized value q of a weight stands for q * scale + min; float16 ones stand for themselves. */
function decode({ quantization }: WeightSpec, bytes: Uint8Array<ArrayBuffer>): Float32Array {
  if (quantization === null) return decodeNumbers('float32', bytes) as Float32Array;
  if (quantization.dtype === 'float16') return halvesToFloats(new Uint16Array(bytes.buffer));
  const { scale, min } = quantization;
  const values = quantization.dtype === 'uint8' ? bytes : new Uint16Array(bytes.buffer);
  return Float32Array.from(values, (value) => value * scale + min);
}
