/** A holder on another machine, or in another container of this one, is known only by its heartbeat: it writes its lock so often. */
export const HEARTBEAT_MS = 10_000;
/** A heartbeat this old is no proof of life any more; a holder that was seen alive, and then was silent for so long, is dead. */
const SILENT_AFTER_MS = 120_000;
/** How long a lock whose heartbeat is old, or of a time to come, is watched: three heartbeats. */
export const WATCHED_MS = 3 * HEARTBEAT_MS;

interface Watched {
  stamp: string;
  /** When it was first seen so, by a clock of this process that nobody sets. */
  since: number;
  hasChanged: boolean;
}

/** By path: who asks for a lock again and again, without waiting, watches it nonetheless. */
const watched = new Map<string, Watched>();

/** Returns for how long what is at a path has been seen unchanged, and whether it has changed since it was first looked at. */
export function unchanged(path: string, stamp: string): { ms: number; hasChanged: boolean } {
  const now = performance.now();
  const known = watched.get(path);
  if (known?.stamp === stamp) return { ms: now - known.since, hasChanged: known.hasChanged };
  watched.set(path, { stamp, since: now, hasChanged: known !== undefined });
  return { ms: 0, hasChanged: known !== undefined };
}

/** Ends the watching of a path. */
export const forget = (path: string): void => void watched.delete(path);

/**
 * Returns whether a holder elsewhere is there. `ageMs` is how old its heartbeat is by the clock of the file system. That is believed
 * where it is recent. Where it is not, the clocks may differ, and what this process has seen itself decides.
 */
export function heartbeatState(
  ageMs: number,
  { ms, hasChanged }: { ms: number; hasChanged: boolean },
): 'held' | 'dead' | 'doubtful' {
  const isRecent = ageMs > -HEARTBEAT_MS && ageMs < SILENT_AFTER_MS;
  if (hasChanged || isRecent) return ms < SILENT_AFTER_MS ? 'held' : 'dead';
  return ms < WATCHED_MS ? 'doubtful' : 'dead';
}
