import { parseBoundedJson } from '../../base/boundedJson.ts';
import type { RandomAccessFile } from '../../base/files/randomAccessFile.ts';
import { UserError } from '../../base/userError.ts';
import type { ZipFile } from '../../base/zip/zip.ts';
import { jsonProperty } from '../tensors/jsonProperty.ts';
import type { StoredTensor, TensorFile } from '../tensors/weightsFile.ts';
import { openHdf5 } from './hdf5/hdf5.ts';
import { useIn } from './hdf5/kerasUse.ts';
import { einsumMatrix } from './kerasEinsum.ts';

export const KERAS_WEIGHTS = 'model.weights.h5';
const KERAS_CONFIG = 'config.json';
/** The largest models' have one or two megabytes; parsed it takes fifty times as much. */
const MAX_CONFIG_BYTES = 1 << 24;
const MAX_JSON_DEPTH = 500;
/** Models in models; real ones have a handful. */
const MAX_DEPTH = 32;

/** A layer as config.json names it. */
interface NamedLayer {
  name: string;
  /** The name of its class as Keras names a group after it: layer_normalization. */
  group: string;
  /** Of an EinsumDense. */
  equation: string | null;
  /** Its kernel has two values in a byte, or is packed by GPTQ or AWQ. */
  isPacked: boolean;
  order: number;
}

/**
 * Returns the weights of a .keras archive: the HDF5 file in it, its layers in the order and under the names of the model's config, where
 * that is a Sequential or Functional model; otherwise under their paths in the HDF5 file.
 */
export function openKeras(file: RandomAccessFile, zip: ZipFile): TensorFile {
  const weights = openHdf5(zip.open(KERAS_WEIGHTS));
  const layers = new Map<string, NamedLayer>();
  if (zip.names.includes(KERAS_CONFIG)) collectLayers(readConfig(file.path, zip), '', '', layers, 0);
  const find = (path: string): [string, NamedLayer] | null => {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const layer = layers.get(path.slice(0, end));
      if (layer !== undefined) return [path.slice(end), layer];
    }
    return null;
  };
  const tensors: { tensor: StoredTensor; order: number }[] = [];
  const skipped = weights.skipped.map(({ name, reason }) => ({ name: rename(name, find(name)), reason }));
  for (const tensor of weights.tensors) {
    const found = find(tensor.name);
    const name = rename(tensor.name, found);
    const use = tensor.use ?? useIn(found?.[1].group ?? '', name, tensor.shape);
    if (found?.[1].isPacked === true && tensor.dtype === 'int8') {
      skipped.push({ name, reason: 'values are packed in less than 8 bits, which is not read' });
      continue;
    }
    const own = { ...tensor, name, use };
    const equation = name.endsWith('vars/0') ? (found?.[1].equation ?? null) : null;
    tensors.push({
      tensor: equation === null ? own : einsumMatrix(own, equation),
      order: found?.[1].order ?? Number.POSITIVE_INFINITY,
    });
  }
  tensors.sort((a, b) => (a.order === b.order ? 0 : a.order - b.order));
  return { format: 'Keras', tensors: tensors.map(({ tensor }) => tensor), skipped, close: file.close };
}

const rename = (path: string, found: [string, NamedLayer] | null): string =>
  found === null ? path : `${found[1].name}${found[0]}`;

function readConfig(path: string, zip: ZipFile): unknown {
  const size = zip.size(KERAS_CONFIG);
  if (size > MAX_CONFIG_BYTES) {
    throw new UserError(`${path}!${KERAS_CONFIG} must have at most ${MAX_CONFIG_BYTES} bytes, got ${size}`);
  }
  const member = zip.open(KERAS_CONFIG);
  try {
    return parseBoundedJson(member.read(0, member.size, 'config'), MAX_JSON_DEPTH);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${member.path} must be JSON, got ${(error as Error).message}`);
  }
}

/** Keras stores the layers of a model in groups named after their class, numbered in the order of the model. */
function collectLayers(
  model: unknown,
  path: string,
  names: string,
  layers: Map<string, NamedLayer>,
  depth: number,
): void {
  const list = jsonProperty(jsonProperty(model, 'config'), 'layers');
  if (!Array.isArray(list) || depth > MAX_DEPTH) return;
  const counts = new Map<string, number>();
  for (const layer of list) {
    const className = jsonProperty(layer, 'class_name');
    const name = jsonProperty(jsonProperty(layer, 'config'), 'name');
    if (typeof className !== 'string' || typeof name !== 'string') continue;
    const group = snakeCase(className);
    const number = counts.get(group) ?? 0;
    counts.set(group, number + 1);
    const own = `${path}layers/${group}${number === 0 ? '' : `_${number}`}`;
    const policy = jsonProperty(jsonProperty(jsonProperty(layer, 'config'), 'dtype'), 'config');
    const isPacked = /^(int4|gptq|awq)/.test(String(jsonProperty(policy, 'mode') ?? ''));
    const equation = jsonProperty(jsonProperty(layer, 'config'), 'equation');
    layers.set(own, {
      name: `${names}${name}`,
      group,
      equation: typeof equation === 'string' ? equation : null,
      isPacked,
      order: layers.size,
    });
    collectLayers(layer, `${own}/`, `${names}${name}/`, layers, depth + 1);
  }
}

/** As Keras turns a class name into the name of a group: Conv2D conv2d, BatchNormalization batch_normalization. */
const snakeCase = (name: string): string =>
  name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
