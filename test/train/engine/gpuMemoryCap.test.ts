import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { engineParts } from '../../../src/train/engine/enginePaths.ts';
import { capGpuMemory, cappedConfig } from '../../../src/train/engine/gpuMemoryCap.ts';
import { loadEngine } from '../../../src/train/engine/loadEngine.ts';
import { locateEngine } from '../../../src/train/engine/locateEngine.ts';

const { folder } = locateEngine()!;

/** Loads the binding in a process of its own with these bytes as its configuration; prints whether TensorFlow took them. */
const LOAD = `
const [context, binding, config] = process.argv.slice(1);
const module_ = { exports: {} };
process.dlopen(module_, context, require('os').constants.dlopen.RTLD_NOW | require('os').constants.dlopen.RTLD_GLOBAL);
module_.exports.set(Buffer.from(config, 'hex'));
require(binding);
console.log(module_.exports.taken());`;
const taken = (config: string): string =>
  execFileSync(
    process.execPath,
    ['-e', LOAD, join(folder, engineParts.contextConfig), join(folder, engineParts.binding), config],
    { encoding: 'utf8', stdio: 'pipe', env: { ...process.env, CUDA_VISIBLE_DEVICES: '-1' } },
  ).trim();

it('is what TensorFlow itself writes', () => {
  // tf.compat.v1.ConfigProto with per_process_gpu_memory_fraction = 0.25 and allow_growth, serialized by TensorFlow 2.21
  expect(Buffer.from(cappedConfig(0.25)).toString('hex')).toBe('320b09000000000000d03f2001');
});

it('reaches TensorFlow, which refuses what is none', () => {
  expect(taken('320b09000000000000d03f2001')).toBe('true');
  expect(taken('320b09')).toBe('false');
});

it('is missed where the context was made without it', () => {
  expect(capGpuMemory('/nowhere', cappedConfig(0.25))).toThrow(
    'the engine must take a cap of GPU memory, got one that does not',
  );
});

it('leaves an engine that computes', () => {
  const { tf } = loadEngine({ gpuMemory: 0.25, device: 'cpu' });
  expect(tf.add(1, 2).dataSync()).toEqual(Float32Array.of(3));
});
