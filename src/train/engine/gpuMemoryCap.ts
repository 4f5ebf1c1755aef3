import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ProtoMessage } from '../../base/protobuf/message.ts';
import { UserError } from '../../base/userError.ts';
import { engineParts } from './enginePaths.ts';

/** engine/contextConfig.cc. */
interface ContextConfig {
  set(configProto: Uint8Array): void;
  taken(): boolean | null;
}

/** Returns TensorFlow's ConfigProto for a process that may take this part of a GPU's memory, and takes it as it needs it. */
export function cappedConfig(fraction: number): Uint8Array {
  return new ProtoMessage().message(6, new ProtoMessage().double(1, fraction).int(4, 1)).finish();
}

/**
 * Caps the GPU memory of this process, before TensorFlow's binding is loaded. Returns what is to be called after that: it throws UserError
 * where the binding made its context without the cap.
 */
export function capGpuMemory(engineFolder: string, config: Uint8Array): () => void {
  const path = join(engineFolder, engineParts.contextConfig);
  const module = { exports: {} as ContextConfig };
  if (existsSync(path))
    process.dlopen(module, path, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL);
  module.exports.set?.(config);
  return () => {
    if (module.exports.taken?.() === true) return;
    throw new UserError(
      'the engine must take a cap of GPU memory, got one that does not',
      'phasewatch engine install --force, or --jobs 1',
    );
  };
}
