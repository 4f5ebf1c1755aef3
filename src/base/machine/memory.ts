import { totalmem } from 'node:os';

/** Returns the bytes of memory that this process and its children may use: the machine's, or what a container allows. */
export function availableMemory(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
