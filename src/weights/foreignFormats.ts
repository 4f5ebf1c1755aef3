import { basename } from 'node:path';
import { UserError } from '../base/userError.ts';

/** A kind of file that is no weights, or weights in a format that is not read. */
interface ForeignFormat {
  /** Tells it by its first bytes (one character each) and its name. */
  is(start: string, name: string): boolean;
  what: string;
  /** Counts only where the extension is none of ours. */
  byName?: boolean;
  remedy?: string;
}

const named =
  (pattern: RegExp): ForeignFormat['is'] =>
  (_, name) =>
    pattern.test(name);
const begins =
  (...starts: readonly string[]): ForeignFormat['is'] =>
  (start) =>
    starts.some((known) => start.startsWith(known));

/** The first that fits is named. */
const FOREIGN_FORMATS: readonly ForeignFormat[] = [
  { is: (start) => start === '', what: 'an empty file', remedy: 'Fetch it again' },
  {
    is: begins('version https://git-lfs.github.com'),
    what: 'a Git LFS pointer, not the file it points to',
    remedy: 'Fetch the file itself: git lfs pull',
  },
  {
    is: (start) => /^\s*<(!doctype|html|head|\?xml)/i.test(start),
    what: 'a web page, not the file it should have led to',
    remedy: 'Fetch the file itself; the page may ask to sign in',
  },
  {
    is: (start) => start.slice(4, 8) === 'TFL3',
    what: 'a TensorFlow Lite model, a format that is not read',
    remedy: 'Convert it: python -m tf2onnx.convert --tflite FILE --output model.onnx',
  },
  {
    is: (start) => start.slice(4, 8) === 'ORTM',
    what: "a model in ONNX Runtime's own format, which is not read",
    remedy: 'Analyze the .onnx file that it was made from',
  },
  {
    is: begins('lmgg', 'ggml', 'fmgg', 'tjgg'),
    what: 'a GGML model of the time before GGUF, a format that is not read',
    remedy: "Convert it with llama.cpp's convert_llama_ggml_to_gguf.py",
  },
  {
    is: named(/\.ckpt\.(index|meta|data-\d+-of-\d+)$|^variables\.(index|data-\d+-of-\d+)$/),
    what: 'part of a TensorFlow checkpoint, a format that is not read',
    remedy: 'Read it with tf.train.load_checkpoint and save the arrays with numpy.savez',
  },
  {
    is: named(/^(saved_model|keras_metadata|frozen\w*|graph\w*)\.pb$|\.pb$/),
    what: 'a TensorFlow graph, a format that is not read',
    remedy: 'Convert it: python -m tf2onnx.convert --saved-model FOLDER --output model.onnx',
  },
  {
    is: named(/\.msgpack$/),
    what: 'a Flax model, a format that is not read',
    remedy: 'Read it with flax.serialization.msgpack_restore and save the arrays with numpy.savez',
  },
  {
    is: named(/\.mlmodel$|\.mlpackage$/),
    what: 'a Core ML model, a format that is not read',
    remedy: 'Analyze the model it was converted from',
  },
  {
    is: named(/\.distcp$|^\.metadata$/),
    what: 'part of a checkpoint of torch.distributed, a format that is not read',
    remedy: 'Convert it: python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER model.pt',
  },
  {
    is: named(/\.params$/),
    what: 'an MXNet model, a format that is not read',
    remedy: 'Save its arrays with numpy.savez',
  },
  {
    is: begins('PK'),
    what: 'a zip archive without weights of a known kind at its top',
    remedy: 'Unpack it, then analyze what is in it: unzip FILE -d FOLDER',
  },
  { is: begins('\x1f\x8b'), what: 'packed with gzip', remedy: 'Unpack it: gunzip FILE' },
  { is: begins('BZh'), what: 'packed with bzip2', remedy: 'Unpack it: bunzip2 FILE' },
  { is: begins('\xfd7zXZ'), what: 'packed with xz', remedy: 'Unpack it: unxz FILE' },
  { is: begins('\x28\xb5\x2f\xfd'), what: 'packed with zstd', remedy: 'Unpack it: zstd -d FILE' },
  { is: begins('7z\xbc\xaf'), what: 'a 7z archive', remedy: 'Unpack it: 7z x FILE' },
  {
    is: (start) => start.slice(257, 262) === 'ustar',
    what: 'a tar archive',
    remedy: 'Unpack it: tar -xf FILE',
  },
  {
    is: begins('MATLAB 5.0'),
    what: 'a MATLAB file before version 7.3',
    remedy: "Save it again with '-v7.3'",
  },
  {
    is: named(/\.(csv|tsv|txt)$/),
    what: 'a table of text',
    remedy: 'Save the matrix with numpy: np.save("w.npy", np.loadtxt(FILE, delimiter=","))',
  },
  {
    is: (start) => /^\s*[{[]/.test(start),
    byName: true,
    what: 'JSON, not a model of TensorFlow.js or an index of weights',
  },
];

/** Bytes that tell what a file is. */
export const START_BYTES = 512;

/** Whether the first bytes alone say that a file is something else, whatever its name says. */
export const isForeign = (start: string): boolean =>
  FOREIGN_FORMATS.some(({ is, byName }) => byName !== true && is(start, ''));

/** Returns the error for a file of no known format: what it is, where that can be told, and what makes weights of it. */
export function foreignFormat(path: string, start: Uint8Array, known: readonly string[]): UserError {
  const text = Buffer.from(start).toString('latin1');
  const found = FOREIGN_FORMATS.find(({ is }) => is(text, basename(path)));
  return new UserError(
    `${path} must be a weights file of a known format (${known.join(', ')}), got ${found?.what ?? 'something else'}`,
    found?.remedy,
  );
}
