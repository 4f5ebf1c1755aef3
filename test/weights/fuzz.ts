import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type RandomStream, randomStream } from '../../src/base/random/stream.ts';
import { UserError } from '../../src/base/userError.ts';
import { openWeights } from '../../src/weights/openWeights.ts';
import { fixture } from './fixtures.ts';

/** Fixtures of every format: a mutation begins from one of them. */
export const FUZZED = [
  'torch.safetensors',
  'matrix.npy',
  'fortran.npy',
  'stored.npz',
  'compressed.npz',
  'state.pt',
  'protocol4.pt',
  'legacy.pt',
  'checkpoint.pth',
  'plain.h5',
  'latest.h5',
  'ordered.h5',
  'dense.h5',
  'model.weights.h5',
  'model.keras',
  'model.onnx',
  'external.onnx',
  'tfjs/model.json',
  'world/whole_module.pth',
  'world/rng.pth',
  'world/quantized.pth',
  'world/weight_norm.pth',
  'world/python2.pth',
  'world/arrays.pkl',
  'world/quantized.safetensors',
  'world/qdq.onnx',
  'world/bilstm.onnx',
  'world/partial.h5',
  'world/int8.keras',
  'world/model.gguf',
  'world/lora/adapter_model.safetensors',
  'world/sharded/model.safetensors.index.json',
  'world/kerasShards/model.weights.json',
  'kinds/objects.npz',
  'kinds/protocol0.pkl',
  'kinds/reparametrized_module.pth',
  'kinds/scales.safetensors',
  'kinds/blocks.onnx',
  'kinds/layers.keras',
] as const;

/** Names that begin with `world` or `kinds` are those of these folders of test/fixtures. */
const fuzzed = (name: string): string =>
  /^(world|kinds)\//.test(name) ? fixture(`../${name}`) : fixture(name);

/** Files that lie beside a fixture and hold its values. */
const COMPANIONS: Readonly<Record<string, readonly string[]>> = {
  'external.onnx': ['external.onnx.data'],
  'tfjs/model.json': ['tfjs/group1-shard1of2.bin', 'tfjs/group1-shard2of2.bin'],
  'world/lora/adapter_model.safetensors': ['world/lora/adapter_config.json'],
  'world/sharded/model.safetensors.index.json': [
    'world/sharded/model-00001-of-00002.safetensors',
    'world/sharded/model-00002-of-00002.safetensors',
  ],
  'world/kerasShards/model.weights.json': [
    'world/kerasShards/model_00000.weights.h5',
    'world/kerasShards/model_00001.weights.h5',
  ],
};

/** Values that readers stumble over: zero, the largest of each width, one bit, sign bits. */
const TRAPS = [0, 1, 0x7f, 0x80, 0xff];

/** Returns a copy of the bytes with one to eight random changes, most of them where headers are. */
export function mutate(original: Uint8Array, stream: RandomStream): Uint8Array {
  let bytes = Uint8Array.from(original);
  for (let change = stream.below(8); change >= 0 && bytes.length > 0; change--) {
    // Half of the changes go to the first or last 400 bytes, where sizes and offsets are dense.
    const near = stream.below(2) === 0 ? Math.min(400, bytes.length) : bytes.length;
    const at = stream.below(2) === 0 ? stream.below(near) : bytes.length - 1 - stream.below(near);
    switch (stream.below(7)) {
      case 0:
        bytes[at]! ^= 1 << stream.below(8);
        break;
      case 1:
        bytes[at] = stream.below(256);
        break;
      case 2:
        bytes.fill(TRAPS[stream.below(TRAPS.length)]!, at, at + 1 + stream.below(8));
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + 1 + stream.below(16)));
        break;
      case 5: {
        const from = stream.below(bytes.length);
        bytes.copyWithin(at, from, from + 1 + stream.below(32));
        break;
      }
      default:
        bytes = joined(bytes.subarray(0, at), Uint8Array.of(stream.below(256)), bytes.subarray(at));
    }
  }
  return bytes;
}

const joined = (...parts: Uint8Array[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.concat(parts));

/** In memory where there is such a folder: a disk takes six times as long as the readers. */
const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Of processor time, not of the clock: a thousand times what a fixture takes. A reader that loops is caught by it. */
const MAX_MICROSECONDS = 10_000_000;

/**
 * Reads `count` mutations of each fixture. Every one must be read, or refused with a UserError of one line, without taking long. Returns
 * how many were refused; throws with the seed at the first that was neither.
 */
export function fuzzReaders(name: string, count: number, seed: number): number {
  const folder = mkdtempSync(join(SCRATCH, 'phasewatch-fuzz-'));
  const path = join(folder, basename(name));
  const original = readFileSync(fuzzed(name));
  for (const other of COMPANIONS[name] ?? []) copyFileSync(fuzzed(other), join(folder, basename(other)));
  let refused = 0;
  try {
    for (let i = 0; i < count; i++) {
      writeFileSync(path, mutate(original, randomStream(seed, `fuzz/${name}/${i}`)));
      const start = process.cpuUsage();
      try {
        const file = openWeights(path);
        try {
          for (const layer of file.layers()) layer.read();
        } finally {
          file.close();
        }
      } catch (error) {
        refused++;
        if (!(error instanceof UserError) || /[\n\r]/.test(error.message) || error.message.length > 500) {
          throw new Error(`mutation ${i} of ${name} (seed ${seed}) must be read or refused`, {
            cause: error,
          });
        }
      }
      const { user, system } = process.cpuUsage(start);
      if (user + system > MAX_MICROSECONDS) {
        throw new Error(`mutation ${i} of ${name} (seed ${seed}) must not take long`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return refused;
}
