import { join } from 'node:path';
import { UserError } from '../../../base/userError.ts';
import {
  extractMember,
  listZip,
  memberTarget,
  readMemberText,
  type ZipMember,
} from '../../../base/zip/readZip.ts';
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
export async function openTensorflowWheel(path: string): Promise<TensorflowWheel> {
  const members = await listZip(path);
  const libraries = WHEEL_LIBRARIES.map((name) =>
    find(members, path, `tensorflow/${name}`, (member) => member === `tensorflow/${name}`),
  );
  const metadata = find(members, path, 'METADATA', (name) => name.endsWith('.dist-info/METADATA'));
  return {
    metadata: await readMemberText(path, metadata),
    unpackHeaders: async (engineFolder, { onStatus, signal }) => {
      onStatus('unpacking headers');
      for (const member of members.filter(({ name }) => HEADERS.test(name))) {
        await extractMember(path, member, memberTarget(engineFolder, member.name), { signal });
      }
    },
    unpackLibraries: async (engineFolder, { onStatus, signal }) => {
      const total = libraries.reduce((sum, { bytes }) => sum + bytes, 0);
      let done = 0;
      return Promise.all(
        libraries.map(async (member, i) => {
          const file = join(engineParts.tensorflow, WHEEL_LIBRARIES[i]!);
          const onBytes = (bytes: number): void => {
            done += bytes;
            onStatus(`unpacking TensorFlow ${(done / 1e6).toFixed(0)} of ${(total / 1e6).toFixed(0)} MB`);
          };
          const sha256 = await extractMember(path, member, join(engineFolder, file), { onBytes, signal });
          return { file, bytes: member.bytes, sha256 };
        }),
      );
    },
  };
}

function find(members: ZipMember[], path: string, what: string, test: (name: string) => boolean): ZipMember {
  const member = members.find(({ name }) => test(name));
  if (member === undefined)
    throw new UserError(`${path} must hold ${what}, got ${members.length} files without it`);
  return member;
}
