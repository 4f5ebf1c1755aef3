import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CURRENT_ENGINE, enginesFolder } from './enginePaths.ts';
import type { LocatedEngine } from './engineTypes.ts';
import { locateEngine, readEngine } from './locateEngine.ts';

/** Which engines are on this machine. */
export interface EngineReport {
  /** The one in use; null when there is none. */
  engine: LocatedEngine | null;
  /** Why there is none; null when there is one. */
  reason: string | null;
  /** Folders of the other engines in the cache. */
  others: string[];
}

/** Returns which engine is in use, or why there is none, and which others the cache has. Loads nothing. */
export function engineInfo(): EngineReport {
  const engines = enginesFolder();
  const engine = locateEngine();
  const others = existsSync(engines)
    ? readdirSync(engines, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
        .map((entry) => join(engines, entry.name))
        .filter((folder) => folder !== engine?.folder && 'engine' in readEngine(folder))
    : [];
  return { engine, reason: engine === null ? absence(join(engines, CURRENT_ENGINE)) : null, others };
}

function absence(current: string): string {
  if (!existsSync(current)) return `nothing is installed in ${enginesFolder()}`;
  const found = readEngine(current);
  return 'reason' in found ? found.reason : 'it has just been installed';
}
