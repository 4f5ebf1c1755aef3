import { spawnSync } from 'node:child_process';

/** Programs that start another one below everything else: only where a core is idle, or at least with the least share of one. */
const LOWERED: readonly (readonly string[])[] = [
  ['nice', '-n', '19', 'chrt', '--idle', '0'],
  ['nice', '-n', '19'],
];

/** Returns the words before a command that has it run at the lowest priority that this machine lets us choose. */
export function lowered(): readonly string[] {
  return LOWERED.find(([command, ...words]) => spawnSync(command!, [...words, 'true']).status === 0) ?? [];
}
