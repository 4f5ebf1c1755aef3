import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../userError.ts';
import { makeFolder } from './makeFolder.ts';
import { isAlive, processSpace, processStart } from './processes.ts';
import { readText } from './readFile.ts';

const NAME = '.lock';
const POLL_MS = 300;
const HEARTBEAT_MS = 10_000;
/** A holder on another machine, or in another container of this one, is known only by its heartbeat. */
const SILENT_AFTER_MS = 120_000;
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
  /** Told once, when something else stands in the lock's place: the path and how long it is watched before it is taken away. */
  onUnreadable?: ((message: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Returns a function that gives the lock on `folder` back, once this process has it; the folder is made when missing. A lock whose holder is
 * dead is broken at once, one that cannot be read after some seconds. Waiting sleeps, and ends with an AbortError at `signal`. The lock
 * file is linked into place whole, so that no reader sees half of it. Throws UserError where a folder that is not empty has its name.
 */
export async function takeLock(
  folder: string,
  { name = NAME, onWait, onUnreadable, signal }: LockOptions = {},
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
  const told = new Set<'holder' | 'unreadable'>();
  const tell = (what: 'holder' | 'unreadable', how: () => void): void => {
    if (!told.has(what)) how();
    told.add(what);
  };
  const watched = { id: '', since: 0 };
  while (true) {
    signal?.throwIfAborted();
    if (placeLock(lock, mine)) break;
    const found = inspect(lock);
    if (found === null) continue;
    if (found.holder !== null) {
      const { holder } = found;
      if (!isHeld(holder, found.silentMs)) {
        breakLock(lock, found.id);
        continue;
      }
      tell('holder', () => onWait?.(holder));
    } else {
      if (watched.id !== found.id) Object.assign(watched, { id: found.id, since: performance.now() });
      if (performance.now() - watched.since >= UNREADABLE_AFTER_MS) {
        breakLock(lock, found.id);
        continue;
      }
      tell('unreadable', () =>
        onUnreadable?.(
          `waiting: ${lock} is no lock of phasewatch; it is taken away if it stays as it is for ${UNREADABLE_AFTER_MS / 1000} s`,
        ),
      );
    }
    await sleep(POLL_MS, undefined, { signal });
  }
  removeDrafts(folder, name);
  const heartbeat = setInterval(() => {
    try {
      utimesSync(lock, new Date(), new Date());
    } catch {
      // someone emptied the folder: the work in it fails by itself
    }
  }, HEARTBEAT_MS);
  heartbeat.unref();
  const release = (): void => {
    clearInterval(heartbeat);
    process.off('exit', release);
    const held = inspect(lock)?.holder;
    // A process that was stopped for long may find that its lock was broken and is another's now.
    if (held != null && isSame(held, mine)) rmSync(lock, { force: true });
  };
  process.on('exit', release);
  return release;
}

/** Links the lock into place, written whole and synced; false when something has its name. */
function placeLock(lock: string, mine: LockHolder): boolean {
  const draft = `${lock}.${mine.space}.${mine.pid}`;
  try {
    const fd = openSync(draft, 'w');
    try {
      writeSync(fd, JSON.stringify(mine));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    linkSync(draft, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
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
  silentMs: number;
}

/** Returns what is in the lock's place, null when nothing is (any more). */
function inspect(lock: string): Found | null {
  const stat = lstatSync(lock, { throwIfNoEntry: false });
  if (stat === undefined) return null;
  const found: Found = {
    id: `${stat.ino} ${stat.size}`,
    holder: null,
    silentMs: Date.now() - stat.mtimeMs,
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

function isHeld({ pid, process_start, host, space }: LockHolder, silentMs: number): boolean {
  const elsewhere = host !== hostname() || (space ?? processSpace) !== processSpace;
  if (elsewhere) return silentMs < SILENT_AFTER_MS;
  return process_start === null ? isAlive(pid) : process_start === processStart(pid);
}

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
