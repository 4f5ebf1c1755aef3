import type { Stats } from 'node:fs';

/** Returns what an entry of a folder is called that is no regular file. */
export function kindOfFile(stat: Stats): string {
  if (stat.isDirectory()) return 'folder';
  if (stat.isSymbolicLink()) return 'link to something else';
  if (stat.isFIFO()) return 'pipe';
  return stat.isSocket() ? 'socket' : 'device';
}
