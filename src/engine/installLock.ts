import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LOCK = '.lock';
const POLL_MS = 300;
const HEARTBEAT_MS = 10_000;
/** A holder on another machine (a shared home) is known only by its heartbeat. */
const SILENT_AFTER_MS = 120_000;

/** Who holds the lock. */
export interface LockHolder {
  pid: number;
  /** When the process was started, as the kernel counts: tells it from a later one of the same number. */
  process_start: string | null;
  host: string;
  since: string;
}

export interface LockOptions {
  /** Told once, when another holds the lock. */
  onWait?: (holder: LockHolder) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Returns a function that gives the lock on `folder` back, once this process has it. A lock whose holder is dead is broken.
 * The lock file is linked into place whole, so that no reader sees half of it.
 */
export async function takeInstallLock(
  folder: string,
  { onWait, signal }: LockOptions = {},
): Promise<() => void> {
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, LOCK);
  const mine: LockHolder = {
    pid: process.pid,
    process_start: processStart(process.pid),
    host: hostname(),
    since: new Date().toISOString(),
  };
  const draft = `${lock}.${mine.host}.${mine.pid}`;
  let told = false;
  while (true) {
    signal?.throwIfAborted();
    writeFileSync(draft, JSON.stringify(mine));
    try {
      linkSync(draft, lock);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    const holder = breakWhenDead(lock);
    if (holder === null) continue;
    if (!told) onWait?.(holder);
    told = true;
    await sleep(POLL_MS, undefined, { signal });
  }
  const heartbeat = setInterval(() => {
    try {
      utimesSync(lock, new Date(), new Date());
    } catch {
      // someone emptied the cache: the installation fails by itself
    }
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return () => {
    clearInterval(heartbeat);
    rmSync(lock, { force: true });
  };
}

/** Returns the living holder of the lock; null when there is none (any more), a dead one's lock being taken away. */
function breakWhenDead(lock: string): LockHolder | null {
  let holder: LockHolder;
  let silentMs: number;
  try {
    holder = JSON.parse(readFileSync(lock, 'utf8'));
    silentMs = Date.now() - statSync(lock).mtimeMs;
  } catch {
    return null;
  }
  const alive =
    holder.host === hostname()
      ? holder.process_start === processStart(holder.pid)
      : silentMs < SILENT_AFTER_MS;
  if (alive) return holder;

  // Renamed before it is removed: of two that find it dead one gets it, and what that one gets may be a new lock by now.
  const aside = `${lock}.broken.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch {
    return null;
  }
  const taken: LockHolder = JSON.parse(readFileSync(aside, 'utf8'));
  if (taken.pid !== holder.pid || taken.process_start !== holder.process_start) {
    try {
      linkSync(aside, lock);
    } catch {
      // a third one has it
    }
  }
  rmSync(aside, { force: true });
  return null;
}

/** Returns field 22 of /proc/<pid>/stat, or null when there is no such process. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // a zombie holds nothing any more
    return fields[0] === 'Z' ? null : fields[19]!;
  } catch {
    return null;
  }
}
