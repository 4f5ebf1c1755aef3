import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs-core';
import { oneLine } from '../../base/files/plainText.ts';
import { UserError } from '../../base/userError.ts';
import { checkTensorFlowVariables } from './checkVariables.ts';
import { engineParts } from './enginePaths.ts';
import type { Engine, LocatedEngine, NativeBinding } from './engineTypes.ts';
import { capGpuMemory, cappedConfig } from './gpuMemoryCap.ts';
import { locateEngine } from './locateEngine.ts';

export interface LoadOptions {
  /** Threads that one TensorFlow op may use and ops that may run at once. Default: TensorFlow's, all cores. */
  threads?: number;
  /**
   * Whether all networks to be trained are of dense layers alone. Their fused operators wait for one another and share the threads
   * among themselves, so that one runs at a time. No byte depends on it.
   */
  denseOnly?: boolean;
  /** `cpu` hides every GPU, a number all but that one. Default: as CUDA_VISIBLE_DEVICES says. */
  device?: 'cpu' | number;
  /** Whether float32 products may be taken in TensorFloat-32 on GPUs that have it. Default: no. */
  tensorFloat32?: boolean;
  /** The part of a GPU's memory that this process may take, where others share the GPU. Default: all that is free. */
  gpuMemory?: number | null;
}

/** Environment variables that TensorFlow reads once, while it is loaded; those that are set already stay. */
const TENSORFLOW_ENVIRONMENT: Readonly<Record<string, string>> = {
  // errors only: the rest would tear the progress line
  TF_CPP_MIN_LOG_LEVEL: '2',
  // without it the first session takes all the memory of the GPU
  TF_FORCE_GPU_ALLOW_GROWTH: 'true',
};

/** 0 keeps cuBLAS and cuDNN from TensorFloat-32 whatever they are asked for; unset leaves it to who calls them. */
const TF32_VARIABLE = 'NVIDIA_TF32_OVERRIDE';

/** What TensorFlow prints while it is loaded, whatever the log level. */
const LOADING_NOISE = /oneDNN custom operations|before absl::InitializeLog|cpu_feature_guard/;

/** engine/tensorFloat32.cc. */
interface TensorFloat32Module {
  allow(allowed: boolean): boolean | null;
}

/** engine/ops/addon.cc. */
interface OperatorsModule {
  use(instructions: 'avx512' | 'avx2' | null, threads: number): string | null;
}

let loaded: { engine: Engine; key: string } | null = null;

/** Returns the engine that this process has loaded, with whatever options; null where it has none. */
export const loadedEngine = (): Engine | null => loaded?.engine ?? null;

/**
 * Returns the native engine, loaded into this process at the first call; later calls give the same one.
 * Throws UserError when none is installed, when it cannot be loaded, or when it is loaded already with other options.
 */
export function loadEngine(options: LoadOptions = {}): Engine {
  const located = loaded?.engine.info ?? locateEngine();
  if (located === null) {
    throw new UserError('the native engine must be installed, got none', 'phasewatch engine install');
  }
  const {
    threads = null,
    denseOnly = false,
    device = null,
    tensorFloat32 = false,
    gpuMemory = null,
  } = options;
  const interOpThreads = denseOnly && mayHaveFusedOperators(located) ? 1 : threads;
  const key = JSON.stringify([located.folder, threads, interOpThreads, device, tensorFloat32, gpuMemory]);
  if (loaded !== null) {
    if (loaded.key !== key && Object.keys(options).length > 0) {
      throw new UserError(
        `the options of the engine must be the same at every load in one process, got ${key} after ${loaded.key}`,
      );
    }
    return loaded.engine;
  }

  if (threads !== null) process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  if (interOpThreads !== null) process.env.TF_NUM_INTEROP_THREADS = String(interOpThreads);
  if (device !== null) process.env.CUDA_VISIBLE_DEVICES = device === 'cpu' ? '-1' : String(device);
  for (const [name, value] of Object.entries(TENSORFLOW_ENVIRONMENT)) process.env[name] ??= value;
  if (tensorFloat32) delete process.env[TF32_VARIABLE];
  else process.env[TF32_VARIABLE] = '0';
  setCudaCompiler(located.folder);

  const require = createRequire(join(located.folder, 'package.json'));
  const requireCapped = gpuMemory === null ? null : capGpuMemory(located.folder, cappedConfig(gpuMemory));
  const native = loadBinding(located, require);
  requireCapped?.();
  if (typeof device === 'number' && !native.isUsingGpuDevice()) {
    throw new UserError(
      `device gpu:${device} must be a GPU that TensorFlow can use, got none (engine for ${located.manifest.variant})`,
      located.manifest.variant === 'cuda' ? 'nvidia-smi' : 'phasewatch engine install --gpu',
    );
  }
  const allowed = switchTensorFloat32(located, require, tensorFloat32);
  const fusedOperators = native.isUsingGpuDevice() ? null : loadOperators(located, require, threads);
  const binding: NativeBinding = Object.create(native, { fusedOperators: { value: fusedOperators } });
  let tf: typeof tfjs | null = null;
  const engine: Engine = {
    binding,
    get tf() {
      tf ??= loadTfjs(require);
      return tf;
    },
    info: {
      folder: located.folder,
      manifest: located.manifest,
      tensorflow: binding.TF_Version,
      usesGpu: binding.isUsingGpuDevice(),
      tensorFloat32: binding.isUsingGpuDevice() ? (allowed ?? tensorFloat32) : false,
      threads,
      interOpThreads,
    },
  };
  loaded = { engine, key };
  return engine;
}

function loadBinding(
  { folder }: LocatedEngine,
  require: NodeJS.Require,
): Omit<NativeBinding, 'fusedOperators'> {
  checkTensorFlowVariables(process.env);
  const gatePath = join(folder, engineParts.stderrGate);
  let gate: { close(): void; open(): string } | null = null;
  let said = '';
  try {
    gate = existsSync(gatePath) ? require(gatePath) : null;
    gate?.close();
    try {
      return require(join(folder, engineParts.binding));
    } finally {
      said = worthSaying(gate?.open() ?? '');
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `the native engine in ${folder} must load, got: ${why}`,
      'phasewatch engine install --force',
    );
  } finally {
    if (said !== '') process.stderr.write(said);
  }
}

/** Lets XLA find ptxas and libdevice, which it looks for beside a CUDA installation that nobody needs to have. */
function setCudaCompiler(folder: string): void {
  const path = join(folder, engineParts.cudaCompiler);
  const flags = process.env.XLA_FLAGS ?? '';
  if (!existsSync(path) || flags.includes('xla_gpu_cuda_data_dir')) return;
  process.env.XLA_FLAGS = `${flags} --xla_gpu_cuda_data_dir=${path}`.trim();
}

/** Returns what TensorFlow's own switch says afterwards; null for a TensorFlow that has none. */
function switchTensorFloat32(
  { folder }: LocatedEngine,
  require: NodeJS.Require,
  allowed: boolean,
): boolean | null {
  const path = join(folder, engineParts.tensorFloat32);
  return existsSync(path) ? (require(path) as TensorFloat32Module).allow(allowed) : null;
}

/** Tells, before TensorFlow is loaded, whether there can be fused operators: in an engine for CPUs that has them. */
function mayHaveFusedOperators({ folder, manifest }: LocatedEngine): boolean {
  return manifest.variant === 'cpu' && process.arch === 'x64' && existsSync(join(folder, engineParts.ops));
}

/** Registers the fused operators with TensorFlow; returns what they compute with, null where there are none for this processor. */
function loadOperators(
  { folder }: LocatedEngine,
  require: NodeJS.Require,
  threads: number | null,
): string | null {
  const path = join(folder, engineParts.ops);
  if (!existsSync(path)) return null;
  try {
    return (require(path) as OperatorsModule).use(null, threads ?? availableParallelism());
  } catch (error) {
    throw new UserError(
      `the fused operators of the engine must load, got: ${(error as Error).message}`,
      'phasewatch engine install --force',
    );
  }
}

function worthSaying(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '' && !LOADING_NOISE.test(line));
  return lines.map((line) => `${oneLine(line)}\n`).join('');
}

/** tfjs-node calls two functions of node:util that Node 23 removed and Node 22 warns about; its dependencies use deprecated modules. */
function loadTfjs(require: NodeJS.Require): typeof tfjs {
  const util = require('node:util');
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
  const { noDeprecation } = process;
  process.noDeprecation = true;
  try {
    return require('@tensorflow/tfjs-node-gpu');
  } finally {
    process.noDeprecation = noDeprecation ?? false;
  }
}
