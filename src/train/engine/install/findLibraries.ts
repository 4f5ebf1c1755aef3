import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../../../base/userError.ts';
import { WHEEL_LIBRARIES } from './unpackTensorflow.ts';

const C_LIBRARIES = ['libtensorflow.so.2', 'libtensorflow_framework.so.2'] as const;
const HEADER = 'tensorflow/c/eager/c_api.h';

/** Libraries of TensorFlow that are on this machine. */
export interface FoundLibraries {
  folder: string;
  names: readonly string[];
  include: string;
}

/**
 * Returns the libraries and headers in `from`: an unpacked libtensorflow archive (lib/ and include/ in it), or the `tensorflow`
 * folder of a Python installation. Throws UserError that says what is missing.
 */
export function findLibraries(from: string): FoundLibraries {
  const root = resolve(from);
  const folders = [root, join(root, 'lib')];
  for (const folder of folders) {
    for (const names of [WHEEL_LIBRARIES, C_LIBRARIES]) {
      if (!names.every((name) => existsSync(join(folder, name)))) continue;
      const include = [join(root, 'include'), join(root, '../include')].find((path) =>
        existsSync(join(path, HEADER)),
      );
      if (include !== undefined) return { folder, names, include };
      throw new UserError(`--lib must be a folder with include/${HEADER}, got ${from} without it`, REMEDY);
    }
  }
  throw new UserError(
    `--lib must be a folder with ${C_LIBRARIES[0]} or ${WHEEL_LIBRARIES[0]}, and ${C_LIBRARIES[1]}, got ${from} without them`,
    REMEDY,
  );
}

const REMEDY =
  'give the folder of an unpacked libtensorflow archive, or site-packages/tensorflow of a Python that has TensorFlow';
