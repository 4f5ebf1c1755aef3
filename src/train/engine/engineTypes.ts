import type * as tfjs from '@tensorflow/tfjs-core';
import type { SessionBinding } from '../graph/graphSession.ts';

/** What the compute half of an engine is built for. */
export type EngineVariant = 'cpu' | 'cuda';

/** Where the TensorFlow libraries of an engine came from. */
export type EngineSource = 'wheel' | 'folder' | 'official';

/** A file that must be there, of this size, for the engine to be whole. */
export interface NativeFile {
  file: string;
  bytes: number;
  sha256: string;
}

/** The contents of engine.json, written last: a folder without it is no engine. */
export interface EngineManifest {
  schema: 1;
  tensorflow: string;
  bindings: string;
  /** SHA-256 of our own C++ that was compiled, or would have been: see ownSources. */
  own_sources_sha256: string;
  variant: EngineVariant;
  source: EngineSource;
  /** The wheel's file name, the folder given with --lib, or the package whose installer ran. */
  origin: string;
  /** SHA-256 of the wheel; null where there was none. */
  origin_sha256: string | null;
  /** The native files: TensorFlow's libraries (relative to the folder, or absolute where they stay elsewhere), then the binding. */
  files: NativeFile[];
  /** NVIDIA's packages that lie beside TensorFlow's libraries, with their versions. */
  nvidia: string[];
  /** First line of `g++ --version`; null when the binding came ready-made. */
  compiler: string | null;
  platform: string;
  arch: string;
  installed_at: string;
}

/** An engine on disk. */
export interface LocatedEngine {
  /** Absolute, links resolved. */
  folder: string;
  manifest: EngineManifest;
}

/** The native binding of tfjs-node: what runs graphs, and what it says of itself. */
export interface NativeBinding extends SessionBinding {
  readonly TF_Version: string;
  getNumOfTensors(): number;
  getNumOfSavedModels(): number;
}

/** What a loaded engine says of itself, for logs and provenance. */
export interface EngineInfo extends LocatedEngine {
  /** As the library itself reports it. */
  tensorflow: string;
  usesGpu: boolean;
  /** Whether float32 products may be taken in TensorFloat-32; never on a CPU. */
  tensorFloat32: boolean;
  /** Threads a TensorFlow op may use; null where TensorFlow chose (all cores). */
  threads: number | null;
  /** Ops that may run at once; null where TensorFlow chose. */
  interOpThreads: number | null;
}

export interface Engine {
  binding: NativeBinding;
  /** tfjs on the same binding, loaded at first use: graphs do not need it. */
  readonly tf: typeof tfjs;
  info: EngineInfo;
}
