import { statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Returns the free bytes of the file system that a path lies on, or will once its folders are made. */
export function freeSpace(path: string): number {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || folder === dirname(folder)) throw error;
    }
  }
}
