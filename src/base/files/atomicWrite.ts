import {
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../userError.ts';
import { kindOfFile } from './kindOfFile.ts';
import { makeFolder } from './makeFolder.ts';
import { isAlive, processSpace } from './processes.ts';

const TEMPORARY = /\.(\w+)\.(\d+)\.tmp$/;
/** Of a process elsewhere nobody here knows whether it is alive; no write takes so long. */
const OTHERS_AFTER_MS = 3_600_000;

/** Returns where a process here writes what is to be at `path`. */
export const temporaryPath = (path: string, pid = process.pid): string =>
  `${path}.${processSpace}.${pid}.tmp`;

/**
 * Throws UserError where `path` is there and is no regular file: a rename would put one in the place of a folder, a device or a pipe, for
 * whoever may (root and /dev/null).
 */
export function requireRegularFile(path: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined || there.isFile()) return;
  if (there.isSymbolicLink()) {
    // /dev/stdout leads to a regular file where the shell has opened one; the link is the system's all the same.
    const target = statSync(path, { throwIfNoEntry: false });
    if ((target === undefined || target.isFile()) && !path.startsWith('/dev/')) return;
  }
  throw new UserError(`${path} must be a file to write, got a ${kindOfFile(there)}`);
}

/**
 * Writes `data` to `path` so that a reader sees the old file or the new one, never a part: temporary file in the same folder,
 * fsync, rename, fsync of the folder. The folder is made when missing. On failure the temporary file is removed; Ctrl-C, SIGTERM and
 * SIGHUP wait until the file is in place.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array | Iterable<Uint8Array>): void {
  holdSignals();
  const folder = dirname(path);
  makeFolder(folder);
  requireRegularFile(path);
  const temporary = temporaryPath(path);
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

/**
 * Removes what processes that were killed while they wrote have left in a folder. Other machines may be writing there; `now` is by the
 * clock of the file system.
 */
export function removeTemporaries(folder: string, now: number): void {
  for (const name of readdirSync(folder)) {
    const [, space, pid] = TEMPORARY.exec(name) ?? [];
    if (pid === undefined) continue;
    const path = join(folder, name);
    const dead = space === processSpace ? !isAlive(Number(pid)) : isOld(path, now);
    if (dead) rmSync(path, { force: true });
  }
}

function isOld(path: string, now: number): boolean {
  const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return written !== undefined && now - written > OTHERS_AFTER_MS;
}

let holding = false;

/** Where nobody listens a signal ends the process at once, and leaves the temporary file. It waits until JavaScript has its turn. */
function holdSignals(): void {
  if (holding) return;
  holding = true;
  const held = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).filter((name) => process.listenerCount(name) === 0);
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
