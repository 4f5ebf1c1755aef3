import { createHash } from 'node:crypto';

/** Returns the SHA-256 of `bytes` in hexadecimal. */
export const sha256 = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex');

/** Returns the checksum of a data set: the SHA-256 of the SHA-256 (hexadecimal) of its files, one a line. */
export const datasetChecksum = (digests: readonly string[]): string =>
  sha256(digests.map((digest) => `${digest}\n`).join(''));
