import { join } from 'node:path';
import { cacheFolder } from '../../base/files/cacheFolder.ts';

/** Where things lie inside an engine folder. */
export const engineParts = {
  manifest: 'engine.json',
  bindings: 'node_modules/@tensorflow/tfjs-node-gpu',
  binding: 'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node',
  stderrGate: 'stderrGate.node',
  tensorFloat32: 'tensorFloat32.node',
  contextConfig: 'contextConfig.node',
  linalg: 'linalg.node',
  ops: 'ops.node',
  tensorflow: 'tensorflow',
  /** NVIDIA's compiler parts of the CUDA build: ptxas and libdevice. */
  cudaCompiler: 'nvidia/cuda_nvcc',
} as const;

/** Those that are compiled from our own sources. */
export const OWN_MODULES: readonly string[] = [
  engineParts.stderrGate,
  engineParts.tensorFloat32,
  engineParts.contextConfig,
  engineParts.linalg,
  engineParts.ops,
];

/** The link to the engine in use, inside `enginesFolder`; switched by one rename. */
export const CURRENT_ENGINE = 'current';

/** Returns the folder that holds the engines of this user, one folder each, and the link `current` to the one in use. */
export function enginesFolder(): string {
  return join(cacheFolder(), 'engine');
}

/** Returns the folder where an already downloaded wheel is looked for. */
export function downloadsFolder(): string {
  return join(cacheFolder(), 'downloads');
}
