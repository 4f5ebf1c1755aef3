import { extname } from 'node:path';
import { openRandomAccess, type RandomAccessFile } from '../base/files/randomAccessFile.ts';
import { UserError } from '../base/userError.ts';
import { readZip, type ZipFile } from '../base/zip/zip.ts';
import { foreignFormat, isForeign, START_BYTES } from './foreignFormats.ts';
import { openGguf } from './formats/gguf/gguf.ts';
import { HDF5_SIGNATURE, openHdf5 } from './formats/hdf5/hdf5.ts';
import { KERAS_WEIGHTS, openKeras } from './formats/keras.ts';
import { openNpy, openNpz } from './formats/npy.ts';
import { openOnnx } from './formats/onnx/onnx.ts';
import { openSafetensorsWeights } from './formats/safetensorsWeights.ts';
import { openTfjs } from './formats/tfjs.ts';
import { openPickle, openTorchLegacy, openTorchZip } from './formats/torch/torch.ts';
import { isWeightsIndex, openWeightsIndex } from './formats/weightsIndex.ts';
import { adapterScale } from './joined/adapterConfig.ts';
import { putTogether } from './joined/putTogether.ts';
import { classifyTensors } from './layerRule.ts';
import type { TensorFile, WeightsFile } from './tensors/weightsFile.ts';

/** File name endings of the formats that are read. */
export const WEIGHTS_EXTENSIONS = [
  '.safetensors',
  '.npy',
  '.npz',
  '.pt',
  '.pth',
  '.ckpt',
  '.bin',
  '.pkl',
  '.h5',
  '.hdf5',
  '.keras',
  '.onnx',
  '.gguf',
  '.json',
] as const;

const HDF5_EXTENSIONS = ['.h5', '.hdf5', '.mat'];
/** The version of the format, then its producer, its graph or an operator set. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: bytes of a protobuf
const ONNX_START = /^\x08[\x03-\x1f](\x12[\x01-\x40][ -~]|\x3a|\x42)/;
const MAX_MESSAGE = 500;
/** What typed arrays throw where the memory does not suffice. */
const NO_MEMORY = /allocation failed|array length/i;

/**
 * Returns a file of weights, open: its layers are listed and checked, their values are read one layer at a time. The format is told by
 * the contents, the name counts only where they say nothing. A file that is malformed, cut off or not of a known format is a UserError.
 */
export function openWeights(path: string): WeightsFile {
  const file = inOneLine(path, () => openTensors(path));
  const joined = putTogether(file.tensors, adapterScale(path));
  const { layers, skipped } = classifyTensors(joined.tensors);
  for (const layer of layers) {
    const { read } = layer;
    layer.read = () => inOneLine(path, read);
  }
  return {
    path,
    format: file.format,
    layers: () => layers,
    skipped: [...skipped, ...joined.skipped, ...file.skipped],
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
    const text = Buffer.from(start).toString('latin1');
    const open = OPENERS.find(({ is }) => is(text, extname(path).toLowerCase()))?.open;
    if (open === undefined) throw foreignFormat(path, start, WEIGHTS_EXTENSIONS);
    return open(file, start);
  } catch (error) {
    file.close();
    throw error;
  }
}

interface Opener {
  /** Tells a format by its first bytes (one character each) and its lower-case extension. */
  is(start: string, extension: string): boolean;
  open(file: RandomAccessFile, start: Uint8Array): TensorFile;
}

/** The formats that are read, in the order in which they are tried; what is something else by its contents is told before names count. */
const OPENERS: readonly Opener[] = [
  // First: the length of its header may begin as any other format does.
  { is: (start) => start.startsWith('\0\0\0\0{', 4), open: openSafetensorsWeights },
  { is: (start) => start.startsWith('PK'), open: openZip },
  { is: (start) => start.startsWith('\x80\x02\x8a\x0a'), open: openTorchLegacy },
  { is: (start) => start[0] === '\x80' && start.charCodeAt(1) <= 5, open: openPickle },
  { is: (start) => start.startsWith(HDF5_SIGNATURE), open: openHdf5 },
  { is: (start) => start.startsWith('\x93NUMPY'), open: openNpy },
  { is: (start) => start.startsWith('GGUF'), open: openGguf },
  { is: isForeign, open: refuse },
  { is: (_, extension) => HDF5_EXTENSIONS.includes(extension), open: openHdf5 },
  { is: (start, extension) => extension === '.onnx' || ONNX_START.test(start), open: openOnnx },
  // Of a protocol whose first byte says nothing.
  { is: (_, extension) => ['.pkl', '.pickle'].includes(extension), open: openPickle },
  {
    is: (_, extension) => extension === '.json',
    open: (file) => (isWeightsIndex(file.path) ? openWeightsIndex(file, openTensors) : openTfjs(file)),
  },
  { is: (_, extension) => extension === '.safetensors', open: openSafetensorsWeights },
];

function openZip(archive: RandomAccessFile, start: Uint8Array): TensorFile {
  const zip = readZip(archive);
  const file = {
    ...archive,
    close() {
      zip.close();
      archive.close();
    },
  };
  try {
    return openMembers(file, zip, start);
  } catch (error) {
    zip.close();
    throw error;
  }
}

function openMembers(file: RandomAccessFile, zip: ZipFile, start: Uint8Array): TensorFile {
  if (zip.names.some((name) => /(^|\/)data\.pkl$/.test(name))) return openTorchZip(file, zip);
  if (zip.names.includes(KERAS_WEIGHTS)) return openKeras(file, zip);
  if (zip.names.some((name) => name.endsWith('.npy'))) return openNpz(file, zip);
  const archive = ARCHIVES.find(({ member }) => zip.names.some((name) => member.test(name)));
  if (archive !== undefined) {
    throw new UserError(`${file.path} must be a weights file, got ${archive.what}`, archive.remedy);
  }
  return refuse(file, start);
}

/** Zip archives of PyTorch that have their weights elsewhere, by one of their members. */
const ARCHIVES: readonly { member: RegExp; what: string; remedy: string }[] = [
  {
    member: /(^|\/)data\/weights\/\w+_config\.json$/,
    what: 'a program of torch.export, which is not read',
    remedy: "Save its weights: torch.save(torch.export.load(FILE).state_dict, 'model.pt')",
  },
  {
    member: /(^|\/)\.data\/extern_modules$/,
    what: 'an archive of torch.package, which is not read',
    remedy: "Load it with torch.package.PackageImporter and save the model's state_dict()",
  },
];

function refuse(file: RandomAccessFile, start: Uint8Array): never {
  throw foreignFormat(file.path, start, WEIGHTS_EXTENSIONS);
}
