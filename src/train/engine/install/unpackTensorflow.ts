import { join } from 'node:path';
import { openRandomAccess } from '../../../base/files/randomAccessFile.ts';
import { UserError } from '../../../base/userError.ts';
import { extractMember, memberTarget } from '../../../base/zip/extractMember.ts';
import { readZip, type ZipMember } from '../../../base/zip/zip.ts';
import { engineParts } from '../enginePaths.ts';
import type { NativeFile } from '../engineTypes.ts';

/** The libraries that the binding is linked with, in the order of the linker's command line. */
export const WHEEL_LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

/** The headers that the binding's sources take in, directly or not; the other 13 000 of the wheel are of no use here. */
const HEADERS =
  /^tensorflow\/include\/(?:tensorflow\/c|tensorflow\/core\/platform|tsl\/platform|xla\/tsl)\/.*\.h$/;

export interface UnpackOptions {
  onStatus: (text: string) => void;
  signal?: AbortSignal | undefined;
}

/** The TensorFlow wheel, opened for taking out what the engine needs. */
export interface TensorflowWheel {
  /** The wheel's METADATA. */
  metadata: string;
  /** Writes the headers to tensorflow/include of `engineFolder`. */
  unpackHeaders(engineFolder: string, options: UnpackOptions): Promise<void>;
  /** Writes the libraries to tensorflow/ of `engineFolder` and returns the size and SHA-256 of each. */
  unpackLibraries(engineFolder: string, options: UnpackOptions): Promise<NativeFile[]>;
}

/** Returns what the wheel at `path` has for the engine. Throws UserError when it lacks a library. */
export function openTensorflowWheel(path: string): TensorflowWheel {
  const file = openRandomAccess(path);
  try {
    const zip = readZip(file);
    const find = (what: string, test: (name: string) => boolean): string => {
      const name = zip.names.find(test);
      if (name === undefined)
        throw new UserError(`${path} must hold ${what}, got ${zip.names.length} files without it`);
      return name;
    };
    const libraries = WHEEL_LIBRARIES.map((library) => {
      const wanted = `tensorflow/${library}`;
      return zip.locate(find(wanted, (name) => name === wanted));
    });
    const headers = zip.names.filter((name) => HEADERS.test(name)).map(zip.locate);
    const metadata = zip.open(find('METADATA', (name) => name.endsWith('.dist-info/METADATA')));
    const text = Buffer.from(metadata.read(0, metadata.size, 'METADATA')).toString('utf8');
    return unpacker(path, text, headers, libraries);
  } finally {
    file.close();
  }
}

function unpacker(
  path: string,
  metadata: string,
  headers: readonly ZipMember[],
  libraries: readonly ZipMember[],
): TensorflowWheel {
  return {
    metadata,
    unpackHeaders: async (engineFolder, { onStatus, signal }) => {
      onStatus('unpacking headers');
      for (const member of headers) {
        await extractMember(path, member, memberTarget(engineFolder, member.name), { signal });
      }
    },
    unpackLibraries: async (engineFolder, { onStatus, signal }) => {
      const total = libraries.reduce((sum, { size }) => sum + size, 0);
      let done = 0;
      return Promise.all(
        libraries.map(async (member, i) => {
          const file = join(engineParts.tensorflow, WHEEL_LIBRARIES[i]!);
          const onBytes = (bytes: number): void => {
            done += bytes;
            onStatus(`unpacking TensorFlow ${(done / 1e6).toFixed(0)} of ${(total / 1e6).toFixed(0)} MB`);
          };
          const sha256 = await extractMember(path, member, join(engineFolder, file), { onBytes, signal });
          return { file, bytes: member.size, sha256 };
        }),
      );
    },
  };
}
