import { sha256 } from '../../base/sha256.ts';

/** Returns the checksum of a data set: the SHA-256 of the SHA-256 (hexadecimal) of its files, one a line. */
export const datasetChecksum = (digests: readonly string[]): string =>
  sha256(digests.map((digest) => `${digest}\n`).join(''));
