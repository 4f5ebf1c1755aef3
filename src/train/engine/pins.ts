import type { EngineVariant } from './engineTypes.ts';

/** The version of TensorFlow that the engine is built on. */
export const TENSORFLOW_VERSION = '2.21.0';

/** The version of @tensorflow/tfjs-node-gpu in engine/package-lock.json, whose binding is compiled against TensorFlow. */
export const BINDINGS_VERSION = '4.22.0';

/**
 * The compute capabilities that the CUDA wheel has code for: its build_info lists sm_60, sm_70, sm_80, sm_89 and compute_90. On later
 * GPUs (Blackwell, 10.x and 12.x) TensorFlow reports invalid PTX (tensorflow issues 101746, 99592, 111958).
 */
export const CUDA_CAPABILITIES = { least: '6.0', most: '9.0' } as const;

/** A wheel whose bytes are known: only this very file is unpacked. */
export interface PinnedWheel {
  project: string;
  file: string;
  sha256: string;
  /** Size, for the progress line; null where nobody has looked. */
  bytes: number | null;
  /** What `pip download` is told, so that any Python 3 fetches this file. */
  pythonVersion: string;
  platform: string;
}

const PYTHON_VERSION = '3.11';

/** Hashes as the package index lists them, and computed from the files. On arm64 the only build is named as the GPU one is, and has none of it. */
const WHEELS: Readonly<
  Record<string, { project: string; architecture: string; sha256: string; bytes: number | null }>
> = {
  'cpu x64': {
    project: 'tensorflow-cpu',
    architecture: 'x86_64',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    bytes: 273_829_956,
  },
  'cpu arm64': {
    project: 'tensorflow',
    architecture: 'aarch64',
    sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
    bytes: null,
  },
  'cuda x64': {
    project: 'tensorflow',
    architecture: 'x86_64',
    sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
    bytes: null,
  },
};

/** Returns the TensorFlow wheel for Linux on `arch` (as process.arch says), or null when there is none. */
export function pinnedWheel(variant: EngineVariant, arch: string): PinnedWheel | null {
  const wheel = WHEELS[`${variant} ${arch}`];
  if (wheel === undefined) return null;
  const { project, architecture, sha256, bytes } = wheel;
  const python = `cp${PYTHON_VERSION.replace('.', '')}`;
  const platform = `manylinux_2_27_${architecture}`;
  const file = `${project.replace('-', '_')}-${TENSORFLOW_VERSION}-${python}-${python}-${platform}.whl`;
  return { project, file, sha256, bytes, pythonVersion: PYTHON_VERSION, platform };
}
