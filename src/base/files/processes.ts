import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { readText } from './readFile.ts';

/**
 * A word for where process numbers mean what they mean here: the host, and in it the container. Two containers on one host, or two
 * hosts, each have a process 1.
 */
export const processSpace = createHash('sha256')
  .update(`${hostname()} ${namespace()}`)
  .digest('hex')
  .slice(0, 8);

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

/** Returns whether a process of this number is there on this host. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Returns when a process was started, as the kernel counts (field 22 of /proc/<pid>/stat): with its number it tells a process from every
 * other. Null when there is none, and for a zombie, which holds nothing any more.
 */
export function processStart(pid: number): string | null {
  try {
    const stat = readText(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : fields[19]!;
  } catch {
    return null;
  }
}
