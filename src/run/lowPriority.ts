import { spawnSync } from 'node:child_process';

/**
 * Where no core is idle this leaves a process a share of 15 to 1024 of one beside a busy thread, 1.4 %. The next class below
 * (SCHED_IDLE, 0.3 %) would not get to its first spectrum beside a sweep that keeps all cores busy.
 */
const LOWERED = ['nice', '-n', '19'] as const;

/** Returns the words before a command that has it, and all its threads, run at the lowest ordinary priority. */
export function lowered(): readonly string[] {
  const [command, ...words] = LOWERED;
  return spawnSync(command, [...words, 'true']).status === 0 ? LOWERED : [];
}
