import { openRandomAccess } from '../../base/files/randomAccessFile.ts';
import { UserError } from '../../base/userError.ts';
import { readZip } from '../../base/zip/zip.ts';
import { openNpz } from '../../weights/formats/npy.ts';
import { openSafetensorsWeights } from '../../weights/formats/safetensorsWeights.ts';
import { isNumberDtype } from '../../weights/tensors/floatBytes.ts';
import { NUMPY_DTYPES } from '../../weights/tensors/numpyDtypes.ts';
import type { OwnSource, SplitSource } from './splitSource.ts';

/** Names of the arrays of a split, those of Keras's .npz files and of MedMNIST among them. */
const ARRAY_NAMES = {
  train: { images: ['train_images', 'x_train'], labels: ['train_labels', 'y_train'] },
  test: { images: ['test_images', 'x_test'], labels: ['test_labels', 'y_test'] },
} as const;

/** Opens a file of arrays with both splits, or two files, training and test images, each with `images` and `labels`. */
export function openArrays(paths: readonly string[]): OwnSource {
  const [train, test] =
    paths.length === 1 ? ([paths[0]!, paths[0]!] as const) : ([paths[0]!, paths[1]!] as const);
  const alone = { images: ['images'], labels: ['labels'] };
  return {
    train: splitSource(train, paths.length === 1 ? ARRAY_NAMES.train : alone),
    test: splitSource(test, paths.length === 1 ? ARRAY_NAMES.test : alone),
    files: paths,
  };
}

interface Names {
  images: readonly string[];
  labels: readonly string[];
}

function splitSource(path: string, names: Names): SplitSource {
  const images = arrayInfo(path, names.images);
  const labels = arrayInfo(path, names.labels);
  if (images.dtype !== 'uint8') {
    throw new UserError(
      `${path}: array ${images.name} must be of bytes (uint8, 0 to 255), got ${images.dtype}`,
    );
  }
  if (!isNumberDtype(labels.dtype)) {
    throw new UserError(
      `${path}: array ${labels.name} must be of ${[...new Set(Object.values(NUMPY_DTYPES))].join(', ')}, got ${labels.dtype}`,
    );
  }
  const shape = labels.shape.filter((side, axis) => axis === 0 || side !== 1);
  if (shape.length !== 1) {
    throw new UserError(
      `${path}: array ${labels.name} must be one label an image, got shape (${labels.shape.join(', ')})`,
    );
  }
  return {
    shape: images.shape,
    readImages: () => Uint8Array.from(readArray(path, images.name)),
    readLabels: () => readArray(path, labels.name),
    subject: path,
  };
}

interface ArrayInfo {
  name: string;
  shape: readonly number[];
  dtype: string;
}

function arrayInfo(path: string, names: readonly string[]): ArrayInfo {
  return withArrays(path, (tensors) => {
    const found = tensors.find(({ name }) => names.includes(name));
    if (found !== undefined) return { name: found.name, shape: found.shape, dtype: found.dtype };
    throw new UserError(
      `${path} must have an array ${names.join(' or ')}, got ${tensors.map(({ name }) => name).join(', ') || 'none'}`,
      'docs/guide/data.md says what the files of a data set of your own must be',
    );
  });
}

function readArray(path: string, name: string): ArrayLike<number> & Iterable<number> {
  return withArrays(path, (tensors) => tensors.find((tensor) => tensor.name === name)!.read());
}

type Arrays = ReturnType<typeof openNpz>['tensors'];

function withArrays<Result>(path: string, use: (tensors: Arrays) => Result): Result {
  const file = openRandomAccess(path);
  try {
    if (path.endsWith('.safetensors')) return use(openSafetensorsWeights(file).tensors);
    const zip = readZip(file);
    try {
      return use(openNpz(file, zip).tensors);
    } finally {
      zip.close();
    }
  } finally {
    file.close();
  }
}
