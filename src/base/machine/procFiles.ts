import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Reads what Linux tells of itself; a file or folder that is not there is null. Tests hand in folders of their own. */
export interface SystemFiles {
  read(path: string): string | null;
  list(path: string): string[] | null;
}

/** Returns the files of this system, those of the folder `root` for tests. */
export function systemFiles(root = '/'): SystemFiles {
  const orNull = <Value>(ask: () => Value): Value | null => {
    try {
      return ask();
    } catch {
      // A process that has just ended, another system, a file that is closed to this user.
      return null;
    }
  };
  return {
    read: (path) => orNull(() => readFileSync(join(root, path), 'utf8')),
    list: (path) => orNull(() => readdirSync(join(root, path))),
  };
}

/** Ticks a second in /proc; Linux has shown all user programs 100 on every platform that Node runs on. */
const TICKS_PER_SECOND = 100;

/** What a processor did since the system started, in seconds. */
export interface ProcessorTimes {
  /** Nothing to do, or waiting for a disk. */
  idle: number;
  /** Work to do while the host of the virtual machine ran something else. */
  steal: number;
}

/** Returns the times of each processor by its number, of the text of /proc/stat. */
export function processorTimes(text: string): Map<number, ProcessorTimes> {
  return new Map(
    [...text.matchAll(/^cpu(\d+) (.+)$/gm)].map(([, processor, columns]) => {
      const ticks = columns!.trim().split(/\s+/).map(Number);
      const [idle = 0, waiting = 0] = ticks.slice(3);
      return [
        Number(processor),
        { idle: (idle + waiting) / TICKS_PER_SECOND, steal: (ticks[7] ?? 0) / TICKS_PER_SECOND },
      ];
    }),
  );
}

/** What /proc/PID/stat or /proc/PID/task/TID/stat tells. */
export interface TaskTimes {
  /** Seconds of processor time. */
  own: number;
  /** Those of the children that have ended. */
  ended: number;
  /** The processor it ran on last. */
  processor: number;
}

/** Returns what the text of a stat file of a process or thread tells. Its name may hold spaces and brackets. */
export function taskTimes(text: string): TaskTimes {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // Counted from the state, which is field 3 of proc(5).
  const at = (field: number): number => Number(fields[field - 3]);
  return {
    own: (at(14) + at(15)) / TICKS_PER_SECOND,
    ended: (at(16) + at(17)) / TICKS_PER_SECOND,
    processor: at(39),
  };
}

/** Returns the numbers of a list as Linux writes it: `0-3,8`. */
export function numberList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}
