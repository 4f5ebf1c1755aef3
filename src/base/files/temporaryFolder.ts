import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, processSpace } from './processes.ts';

/**
 * Returns a new folder among the temporary files, which its owner removes. Those for the same purpose whose processes were killed before
 * they could do so are removed first.
 */
export function temporaryFolder(purpose: string): string {
  const own = `phasewatch-${purpose}-${processSpace}.`;
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(own) ? /^(\d+)-/.exec(name.slice(own.length))?.[1] : undefined;
    if (pid === undefined || isAlive(Number(pid))) continue;
    // Of another user it stays.
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {}
  }
  return mkdtempSync(join(tmpdir(), `${own}${process.pid}-`));
}
