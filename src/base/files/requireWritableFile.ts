import { closeSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { requireRegularFile, temporaryPath } from './atomicWrite.ts';
import { makeFolder } from './makeFolder.ts';

/**
 * Throws where `writeFileAtomic` could not write `path`: asked before hours of work whose result is to go there. The folder is made when
 * missing; a file that is there stays as it is.
 */
export function requireWritableFile(path: string): void {
  makeFolder(dirname(path));
  requireRegularFile(path);
  const temporary = temporaryPath(path);
  closeSync(openSync(temporary, 'w'));
  rmSync(temporary);
}
