import type { EngineVariant } from '../engineTypes.ts';
import type { PinnedWheel } from '../pins.ts';

export interface InstallOptions {
  /** Default: `cuda` where nvidia-smi lists a GPU, else `cpu`. */
  variant?: EngineVariant;
  /** An existing libtensorflow folder (lib and include in it, or the tensorflow folder of a Python installation). */
  lib?: string;
  /** Take tfjs-node's own installer instead: TensorFlow 2.9.1 from its storage host. */
  official?: boolean;
  /** Install anew even when it is there. */
  force?: boolean;
  /** Hears each stage of the installation, and twice a second how far it is. */
  onMessage?: (message: string) => void;
  /** Ends it early; what it had made so far is removed. */
  signal?: AbortSignal;
  /** Default: the pinned wheel of this machine. */
  wheel?: PinnedWheel;
  /** Bytes free on the disk of a folder; default: as the file system says. */
  freeBytes?: (folder: string) => number;
}
