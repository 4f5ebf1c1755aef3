import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { removeTemporaries } from '../../base/files/atomicWrite.ts';
import { breakDeadLock, LOCK_FILE, type LockHolder, takeLock } from '../../base/files/lock.ts';
import { UserError } from '../../base/userError.ts';
import { type ResultsLayout, resultsLayout, runLayout } from '../results/layout.ts';

const CLAIM = '.claim';
const HELD = new Error('the run is held by another worker');

/** Hears for whom is waited; the signal ends the waiting with an AbortError. */
export interface WaitOptions {
  signal?: AbortSignal;
  onWait(message: string): void;
}

/**
 * Returns a function that gives the results folder free again, once this process has it for itself; the folder is made when
 * missing. Throws UserError when another command is at work in it. What a killed command left locked is taken over.
 */
export async function lockResults(dir: string, { signal, onWait }: WaitOptions): Promise<() => void> {
  const release = await takeLock(dir, {
    signal,
    onWait: (holder) => {
      throw new UserError(
        `results folder must not be in use, got ${dir}: ${holderText(holder)}`,
        `Watch it with: phasewatch status ${dir} --watch`,
      );
    },
    onDoubt: onWait,
  });
  cleanResults(dir);
  return release;
}

/** Returns what `lockResults` does, and waits for its turn where another command, a worker of the same sweep, has the folder. */
export async function lockResultsInTurn(dir: string, { signal, onWait }: WaitOptions): Promise<() => void> {
  const release = await takeLock(dir, {
    signal,
    onWait: (holder) => onWait(`waiting for ${dir}: ${holderText(holder)}`),
    onDoubt: onWait,
  });
  cleanResults(dir);
  return release;
}

/**
 * Returns a function that lets a run go again, once this worker has it; null where another one that is alive does. Its process takes the
 * lock of the folder beside that: the process of a worker that was killed may still be finishing the step.
 */
export async function claimRun(dir: string): Promise<(() => void) | null> {
  try {
    return await takeLock(dir, {
      name: CLAIM,
      onWait: () => {
        throw HELD;
      },
      // The next look may know.
      onDoubt: () => {
        throw HELD;
      },
    });
  } catch (error) {
    if (error === HELD) return null;
    throw error;
  }
}

/**
 * Returns a function that gives spectra.csv and esd/ free again, once this process has them. It waits: whoever analyzes while a run trains
 * holds them for a moment at a time, and may do so from several machines.
 */
export async function lockSpectra(
  { dir, esdFolder }: ResultsLayout,
  { signal, onWait }: WaitOptions,
): Promise<() => void> {
  const release = await takeLock(esdFolder, {
    signal,
    onWait: (holder) => onWait(`waiting for the spectra of ${dir}: ${holderText(holder)}`),
    onDoubt: onWait,
  });
  // A child that was killed while it wrote spectra.csv: the command that started it goes on.
  clean(timeIn(esdFolder), esdFolder, dir);
  return release;
}

/**
 * Returns a function that gives a run's folder free again, once this process has it. It waits for another one: where a command was
 * killed and started again, its old child may still be finishing the step.
 */
export async function lockRun(dir: string, { signal, onWait }: WaitOptions): Promise<() => void> {
  const release = await takeLock(dir, {
    signal,
    onWait: (holder) => onWait(`waiting for ${dir}: ${holderText(holder)}`),
    onDoubt: onWait,
  });
  clean(timeIn(dir), dir, runLayout(dir).snapshots);
  return release;
}

/** A process that was killed when its run was done has left its lock, which nobody takes any more. */
function cleanResults(dir: string): void {
  const now = timeIn(dir);
  clean(now, dir);
  const { runs } = resultsLayout(dir);
  if (!existsSync(runs)) return;
  for (const entry of readdirSync(runs, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const folder = join(runs, entry.name);
    const broken = [LOCK_FILE, CLAIM].filter((name) => breakDeadLock(folder, name));
    if (broken.length > 0) clean(now, folder, runLayout(folder).snapshots);
  }
}

/** Returns what time it is for the file system: when the lock of a folder was written, a moment ago. */
const timeIn = (locked: string): number =>
  statSync(join(locked, LOCK_FILE), { throwIfNoEntry: false })?.mtimeMs ?? Date.now();

/** What was killed while it wrote has left temporary files. */
function clean(now: number, ...folders: string[]): void {
  for (const folder of folders) if (existsSync(folder)) removeTemporaries(folder, now);
}

const holderText = ({ pid, host, since }: LockHolder): string =>
  `process ${pid} on ${host} works in it since ${since}`;
