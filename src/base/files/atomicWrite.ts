import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from './makeFolder.ts';
import { isAlive } from './processes.ts';

const TEMPORARY = /\.(\d+)\.tmp$/;

/**
 * Writes `data` to `path` so that a reader sees the old file or the new one, never a part: temporary file in the same folder,
 * fsync, rename, fsync of the folder. The folder is made when missing. On failure the temporary file is removed; Ctrl-C and SIGTERM wait
 * until the file is in place.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array | readonly Uint8Array[]): void {
  holdSignals();
  const folder = dirname(path);
  makeFolder(folder);
  const temporary = `${path}.${process.pid}.tmp`;
  const chunks = typeof data === 'string' ? [Buffer.from(data)] : data instanceof Uint8Array ? [data] : data;
  const fd = openSync(temporary, 'w');
  try {
    for (const chunk of chunks) {
      for (let written = 0; written < chunk.byteLength; ) {
        written += writeSync(fd, chunk, written, chunk.byteLength - written);
      }
    }
    fsyncSync(fd);
    closeSync(fd);
    renameSync(temporary, path);
  } catch (error) {
    try {
      closeSync(fd);
    } catch {
      // already closed
    }
    rmSync(temporary, { force: true });
    throw error;
  }
  const folderFd = openSync(folder, 'r');
  try {
    fsyncSync(folderFd);
  } finally {
    closeSync(folderFd);
  }
}

/** Removes what processes that were killed while they wrote have left in a folder. Call it where no other machine writes there. */
export function removeTemporaries(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = TEMPORARY.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

let holding = false;

/** Where nobody listens a signal ends the process at once, and leaves the temporary file. It waits until JavaScript has its turn. */
function holdSignals(): void {
  if (holding) return;
  holding = true;
  const held = (['SIGINT', 'SIGTERM'] as const).filter((name) => process.listenerCount(name) === 0);
  const letGo = (): void => {
    for (const name of held) process.off(name, again);
    holding = false;
  };
  const again = (name: NodeJS.Signals): void => {
    letGo();
    // Who has begun to listen since has heard of it.
    if (process.listenerCount(name) === 0) process.kill(process.pid, name);
  };
  for (const name of held) process.on(name, again);
  // Signals are told between two rounds of immediates: one that came meanwhile must find its listener.
  setImmediate(() => setImmediate(letGo));
}
