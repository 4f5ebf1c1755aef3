import { renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileSha256 } from '../../base/files/checksums.ts';
import { makeFolder } from '../../base/files/makeFolder.ts';
import { UserError } from '../../base/userError.ts';

export interface DownloadOptions {
  url: string;
  /** Where the whole, checked file goes; what is there so far lies beside it as `.part`. */
  path: string;
  bytes: number;
  sha256: string;
  onProgress?: (bytes: number) => void;
  signal?: AbortSignal;
  /** Milliseconds before the first retry; each further one waits twice as long. */
  retryDelay?: number;
  /** Milliseconds without a byte after which a connection counts as cut. */
  stallTimeout?: number;
}

/** Connections in a row that bring nothing before it is given up. */
const MAX_FRUITLESS = 5;

/**
 * Downloads a file of known size and SHA-256. A cut connection is taken up again where it broke, in this call and in later ones, where
 * the server knows Range; otherwise it starts over. `path` appears only when the file is whole and its checksum is right. Failures are
 * UserErrors; an abort throws the signal's reason and keeps what is there.
 */
export async function downloadFile(options: DownloadOptions): Promise<void> {
  const { url, path, bytes, sha256, signal } = options;
  const part = `${path}.part`;
  makeFolder(dirname(path));
  let fruitless = 0;
  for (let size = sizeOf(part); size !== bytes; size = sizeOf(part)) {
    if (size > bytes) {
      rmSync(part);
      throw new UserError(`${url} must have ${bytes} bytes, got more`, 'Give --url of another copy');
    }
    try {
      await fetchRest(options, part, size);
      if (sizeOf(part) < bytes) throw new Error(`the connection ended at byte ${sizeOf(part)} of ${bytes}`);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof UserError) throw error;
      fruitless = sizeOf(part) > size ? 0 : fruitless + 1;
      if (fruitless >= MAX_FRUITLESS) {
        throw new UserError(
          `${url} must be reachable, got ${reason(error)}`,
          `Run the command again: it goes on at byte ${sizeOf(part)}. Or fetch the file on another machine and use data import`,
        );
      }
      await sleep(
        (options.retryDelay ?? 1000) * 2 ** fruitless,
        undefined,
        signal === undefined ? {} : { signal },
      );
    }
  }
  const digest = fileSha256(part);
  if (digest !== sha256) {
    rmSync(part);
    throw new UserError(
      `${url}: SHA-256 must be ${sha256}, got ${digest}`,
      'The download is deleted. Run the command again, or give --url of another copy',
    );
  }
  const whole = await open(part, 'r+');
  await whole.sync();
  await whole.close();
  renameSync(part, path);
}

/** Appends what is missing after the first `size` bytes; starts `part` over where the server sends the whole file. */
async function fetchRest(options: DownloadOptions, part: string, size: number): Promise<void> {
  const { url, signal, onProgress, stallTimeout = 60_000 } = options;
  const stall = new AbortController();
  const watch = setTimeout(
    () => stall.abort(new Error(`no byte for ${stallTimeout / 1000} s`)),
    stallTimeout,
  );
  try {
    const response = await fetch(url, {
      // Byte offsets must be of the file itself, not of a compressed transfer.
      headers: { 'accept-encoding': 'identity', ...(size > 0 ? { range: `bytes=${size}-` } : {}) },
      signal: signal === undefined ? stall.signal : AbortSignal.any([signal, stall.signal]),
    });
    const resumed = response.status === 206 && rangeStart(response) === size;
    if (!resumed && response.status !== 200) {
      await response.body?.cancel();
      // A server that refuses the range gets to send the whole file next time.
      if (response.status === 206 || response.status === 416) rmSync(part, { force: true });
      if (response.status >= 400 && response.status < 500 && ![408, 416, 429].includes(response.status)) {
        throw new UserError(
          `${url} must be there, got HTTP ${response.status}`,
          'Give --url of another copy, or use data import',
        );
      }
      throw new Error(`HTTP ${response.status}`);
    }
    const file = await open(part, resumed ? 'a' : 'w');
    try {
      let total = resumed ? size : 0;
      for await (const chunk of response.body ?? []) {
        total += chunk.byteLength;
        if (total > options.bytes) {
          throw new UserError(
            `${url} must have ${options.bytes} bytes, got more`,
            'Give --url of another copy',
          );
        }
        await file.writeFile(chunk);
        watch.refresh();
        onProgress?.(total);
      }
    } finally {
      await file.close();
    }
  } finally {
    clearTimeout(watch);
  }
}

function rangeStart(response: Response): number | null {
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  return start === undefined ? null : Number(start);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function reason(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { message?: string } };
  return cause?.message ?? message;
}
