import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../userError.ts';
import { forget, HEARTBEAT_MS, heartbeatState, unchanged, WATCHED_MS } from './heartbeat.ts';
import { makeFolder } from './makeFolder.ts';
import { isAlive, processSpace, processStart } from './processes.ts';
import { readText } from './readFile.ts';

/** The usual name of a lock. */
export const LOCK_FILE = '.lock';
const POLL_MS = 300;
/** How long a lock that nobody can read is watched, unchanged, before it is broken: a lock of ours is never half there. */
const UNREADABLE_AFTER_MS = 5_000;
const MAX_LOCK_BYTES = 1 << 16;

/** Who holds the lock. */
export interface LockHolder {
  pid: number;
  /** When the process was started, as the kernel counts: tells it from a later one of the same number. */
  process_start: string | null;
  host: string;
  /** Where the number is one of a process; missing in locks of earlier versions. */
  space?: string;
  since: string;
}

export interface LockOptions {
  /** Name of the file; a folder can be locked for several purposes. */
  name?: string;
  /** Told once, when another holds the lock. */
  onWait?: ((holder: LockHolder) => void) | undefined;
  /**
   * Told once, when it is not known whether the lock is held: it cannot be read, or its holder elsewhere is silent. The message has how long
   * it is watched before it is taken away.
   */
  onDoubt?: ((message: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Returns a function that gives the lock on `folder` back, once this process has it; the folder is made when missing. A lock whose
 * holder is dead is broken at once, one that cannot be read, or is silent, after it was watched for some seconds. Waiting sleeps, and
 * ends with an AbortError at `signal`. The lock file is linked into place whole, so that no reader sees half of it. Throws UserError
 * where a folder that is not empty has its name.
 */
export async function takeLock(
  folder: string,
  { name = LOCK_FILE, onWait, onDoubt, signal }: LockOptions = {},
): Promise<() => void> {
  makeFolder(folder);
  const lock = join(folder, name);
  const mine: LockHolder = {
    pid: process.pid,
    process_start: processStart(process.pid),
    host: hostname(),
    space: processSpace,
    since: new Date().toISOString(),
  };
  const told = new Set<'holder' | 'doubt'>();
  const tell = (what: 'holder' | 'doubt', how: () => void): void => {
    if (!told.has(what)) how();
    told.add(what);
  };
  let fd: number;
  while (true) {
    signal?.throwIfAborted();
    const placed = placeLock(lock, mine);
    if (placed.fd !== null) {
      fd = placed.fd;
      break;
    }
    const found = inspect(lock);
    if (found === null) continue;
    const { holder } = found;
    const state =
      holder === null ? unreadableState(lock, found) : holderState(lock, holder, found, placed.now);
    if (state === 'dead') {
      breakLock(lock, found.id);
      continue;
    }
    if (state === 'held') tell('holder', () => onWait?.(holder!));
    else tell('doubt', () => onDoubt?.(doubtText(lock, holder)));
    await sleep(POLL_MS, undefined, { signal });
  }
  forget(lock);
  removeDrafts(folder, name);
  const heartbeat = setInterval(() => {
    try {
      // Written, not touched: the time is that of the file system, not of this machine. Through the descriptor: no other's lock is
      // written over.
      writeSync(fd, JSON.stringify(mine), 0);
    } catch {
      // someone emptied the folder: the work in it fails by itself
    }
  }, HEARTBEAT_MS);
  heartbeat.unref();
  const release = (): void => {
    clearInterval(heartbeat);
    process.off('exit', release);
    closeSync(fd);
    const held = inspect(lock)?.holder;
    // A process that was stopped for long may find that its lock was broken and is another's now.
    if (held != null && isSame(held, mine)) rmSync(lock, { force: true });
  };
  process.on('exit', release);
  return release;
}

/**
 * Links the lock into place, written whole and synced, and returns it open; where something has its name, what time it is for the file
 * system.
 */
function placeLock(lock: string, mine: LockHolder): { fd: number } | { fd: null; now: number } {
  const draft = `${lock}.${mine.space}.${mine.pid}`;
  const fd = openSync(draft, 'w');
  try {
    writeSync(fd, JSON.stringify(mine));
    fsyncSync(fd);
    linkSync(draft, lock);
    return { fd };
  } catch (error) {
    const now = fstatSync(fd).mtimeMs;
    closeSync(fd);
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return { fd: null, now };
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Whether a lock is held: `doubtful` while it is watched. */
type LockState = 'held' | 'dead' | 'doubtful';

const unreadableState = (lock: string, { id }: Found): LockState =>
  unchanged(lock, id).ms >= UNREADABLE_AFTER_MS ? 'dead' : 'doubtful';

function holderState(lock: string, holder: LockHolder, { id, written }: Found, now: number): LockState {
  if (isElsewhere(holder)) return heartbeatState(now - written, unchanged(lock, `${id} ${written}`));
  return isThere(holder) ? 'held' : 'dead';
}

const isElsewhere = ({ host, space }: LockHolder): boolean =>
  host !== hostname() || (space ?? processSpace) !== processSpace;

const isThere = ({ pid, process_start }: LockHolder): boolean =>
  process_start === null ? isAlive(pid) : process_start === processStart(pid);

/** Takes a lock away that a process here held and was killed with; returns whether there was one. */
export function breakDeadLock(folder: string, name = LOCK_FILE): boolean {
  const lock = join(folder, name);
  const found = inspect(lock);
  if (found?.holder == null || isElsewhere(found.holder) || isThere(found.holder)) return false;
  breakLock(lock, found.id);
  removeDrafts(folder, name);
  return true;
}

function doubtText(lock: string, holder: LockHolder | null): string {
  const [what, seconds] =
    holder === null
      ? [`${lock} is no lock of phasewatch`, UNREADABLE_AFTER_MS / 1000]
      : [`process ${holder.pid} on ${holder.host}, which holds ${lock}, is silent`, WATCHED_MS / 1000];
  return `waiting: ${what}; it is taken away if it stays as it is for ${seconds} s`;
}

/** Removes what processes that were killed while they took or broke the lock have left. */
function removeDrafts(folder: string, lock: string): void {
  for (const name of readdirSync(folder)) {
    const own = name.startsWith(`${lock}.${processSpace}.`);
    const pid = own ? /\.(\d+)$/.exec(name)?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

interface Found {
  /** Tells this lock from a later one of the same name. */
  id: string;
  /** Null when it is no lock that can be read. */
  holder: LockHolder | null;
  /** When it was written last, in ms, by the clock of the file system. */
  written: number;
}

/** Returns what is in the lock's place, null when nothing is (any more). */
function inspect(lock: string): Found | null {
  const stat = lstatSync(lock, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  const found: Found = {
    id: `${stat.ino} ${stat.size}`,
    holder: null,
    written: stat.mtimeMs,
  };
  if (!stat.isFile()) return found;
  try {
    const text = readText(lock, { limit: MAX_LOCK_BYTES });
    found.id += ` ${text}`;
    const parsed: unknown = JSON.parse(text);
    if (isHolder(parsed)) found.holder = parsed;
  } catch {
    // cut off, garbled, or gone by now: what is watched for some seconds will tell
  }
  return found;
}

const isHolder = (value: unknown): value is LockHolder =>
  typeof value === 'object' &&
  value !== null &&
  Number.isInteger((value as LockHolder).pid) &&
  (value as LockHolder).pid > 0 &&
  typeof (value as LockHolder).host === 'string';

const isSame = (a: LockHolder, b: LockHolder): boolean =>
  a.pid === b.pid &&
  a.process_start === b.process_start &&
  a.host === b.host &&
  a.space === b.space &&
  a.since === b.since;

/**
 * Takes the lock away that was seen as `id`. Renamed before it is removed: of two that find it dead one gets it, and what that one gets may
 * be a new lock by now, which is put back.
 */
function breakLock(lock: string, id: string): void {
  const aside = `${lock}.${processSpace}.broken.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch {
    return;
  }
  const taken = inspect(aside);
  if (taken === null) return;
  if (lstatSync(aside).isDirectory()) {
    try {
      rmdirSync(aside);
    } catch {
      renameSync(aside, lock);
      throw new UserError(
        `${lock} must be a lock of phasewatch, got a folder with files in it`,
        'Remove it.',
      );
    }
    return;
  }
  if (taken.id !== id) {
    try {
      linkSync(aside, lock);
    } catch {
      // a third one has it
    }
  }
  rmSync(aside, { force: true });
}
