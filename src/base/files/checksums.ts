import { createHash } from 'node:crypto';
import { closeSync, existsSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../userError.ts';
import { writeFileAtomic } from './atomicWrite.ts';
import { openRegular, readText } from './readFile.ts';

/** Name of the list of checksums in a folder, as `sha256sum --check` reads it. */
export const CHECKSUMS_FILE = 'SHA256SUMS';

const CHUNK_BYTES = 1 << 20;
const LINE = /^([0-9a-f]{64}) [ *](.+)$/;

/** Returns the SHA-256 (hex) of a file, read in pieces. */
export function fileSha256(path: string): string {
  const hash = createHash('sha256');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const { fd } = openRegular(path);
  try {
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk))
      hash.update(chunk.subarray(0, read));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}

/** Writes the checksums of files, given by their paths in the folder, into its SHA256SUMS. */
export function writeChecksums(folder: string, names: readonly string[]): void {
  const lines = [...names].sort().map((name) => `${fileSha256(join(folder, name))}  ${name}\n`);
  writeFileAtomic(join(folder, CHECKSUMS_FILE), lines.join(''));
}

/** Returns the checksums of the folder's SHA256SUMS by file name, or null when it has none. */
export function readChecksums(folder: string): Map<string, string> | null {
  const path = join(folder, CHECKSUMS_FILE);
  if (!existsSync(path)) return null;
  const lines = readText(path)
    .split('\n')
    .filter((line) => line !== '');
  return new Map(
    lines.map((line, i) => {
      const [, sum, name] = LINE.exec(line) ?? [];
      if (sum === undefined)
        throw new UserError(`${path}:${i + 1} must be a checksum and a file name, got ${line}`);
      return [name!, sum];
    }),
  );
}
