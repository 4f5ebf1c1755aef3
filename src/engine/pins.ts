/** The version of TensorFlow that the engine is built on. */
export const TENSORFLOW_VERSION = '2.21.0';

/** The version of @tensorflow/tfjs-node-gpu in engine/package-lock.json, whose binding is compiled against TensorFlow. */
export const BINDINGS_VERSION = '4.22.0';

/** A wheel whose bytes are known. */
export interface PinnedWheel {
  project: 'tensorflow' | 'tensorflow-cpu';
  file: string;
  bytes: number | null;
  sha256: string;
  /** What `pip download` is told, so that any Python 3 fetches this very file. */
  pythonVersion: string;
  platform: string;
}
