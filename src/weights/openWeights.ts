import { extname } from 'node:path';
import { openRandomAccess, type RandomAccessFile } from '../files/randomAccessFile.ts';
import { UserError } from '../files/userError.ts';
import { classifyTensors } from './classifyTensors.ts';
import { HDF5_SIGNATURE, openHdf5 } from './hdf5.ts';
import { KERAS_WEIGHTS, openKeras } from './keras.ts';
import { openNpy, openNpz } from './npy.ts';
import { openOnnx } from './onnx.ts';
import { openSafetensorsWeights } from './safetensorsWeights.ts';
import { openTfjs } from './tfjs.ts';
import { openTorchLegacy, openTorchZip } from './torch.ts';
import type { TensorFile, WeightsFile } from './weightsFile.ts';
import { readZip } from './zip.ts';

/** File name endings of the formats that are read. */
export const WEIGHTS_EXTENSIONS = [
  '.safetensors',
  '.npy',
  '.npz',
  '.pt',
  '.pth',
  '.h5',
  '.hdf5',
  '.keras',
  '.onnx',
  '.json',
] as const;

const HDF5_EXTENSIONS = ['.h5', '.hdf5'];
const START_BYTES = 16;
const MAX_MESSAGE = 500;
/** What typed arrays throw where the memory does not suffice. */
const NO_MEMORY = /allocation failed|array length/i;

/**
 * Returns a file of weights, open: its layers are listed and checked, their values are read one layer at a time. The format is told by
 * the contents, the name counts only where they say nothing. A file that is malformed, cut off or not of a known format is a UserError.
 */
export function openWeights(path: string): WeightsFile {
  const file = inOneLine(path, () => openTensors(path));
  const { layers, skipped } = classifyTensors(file.tensors);
  return {
    path,
    format: file.format,
    layers: () => layers.map((layer) => ({ ...layer, read: () => inOneLine(path, layer.read) })),
    skipped: [...skipped, ...file.skipped],
    close: file.close,
  };
}

/** Errors quote names from the file: whatever those hold, a message is one line of bounded length. */
function inOneLine<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const noMemory = error instanceof RangeError && NO_MEMORY.test(error.message);
    const mended = noMemory ? new UserError(`${path} must fit into memory: ${error.message}`) : error;
    if (!(mended instanceof UserError)) throw error;
    throw new UserError(mended.message.replace(/\p{Cc}/gu, '?').slice(0, MAX_MESSAGE), mended.remedy);
  }
}

function openTensors(path: string): TensorFile {
  const file = openRandomAccess(path);
  try {
    const start = file.read(0, Math.min(START_BYTES, file.size), 'beginning');
    const text = String.fromCharCode(...start);
    if (text.startsWith('PK')) return openZip(file);
    if (text.startsWith('\x80\x02\x8a\x0a')) return openTorchLegacy(file);
    if (text.startsWith(HDF5_SIGNATURE) || HDF5_EXTENSIONS.includes(extname(path))) return openHdf5(file);
    if (text.startsWith('\x93NUMPY')) return openNpy(file);
    if (extname(path) === '.onnx') return openOnnx(file);
    if (extname(path) === '.json') return openTfjs(file);
    if (extname(path) === '.safetensors' || text[8] === '{') {
      file.close();
      return openSafetensorsWeights(path);
    }
    throw unknownFormat(path);
  } catch (error) {
    file.close();
    throw error;
  }
}

function openZip(file: RandomAccessFile): TensorFile {
  const zip = readZip(file);
  if (zip.names.some((name) => /(^|\/)data\.pkl$/.test(name))) return openTorchZip(file, zip);
  if (zip.names.includes(KERAS_WEIGHTS)) return openKeras(file, zip);
  if (zip.names.some((name) => name.endsWith('.npy'))) return openNpz(file, zip);
  throw unknownFormat(file.path);
}

function unknownFormat(path: string): UserError {
  return new UserError(
    `${path} must be a weights file of a known format (${WEIGHTS_EXTENSIONS.join(', ')}), got something else`,
  );
}
