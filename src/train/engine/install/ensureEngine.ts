import { join } from 'node:path';
import { CURRENT_ENGINE, enginesFolder } from '../enginePaths.ts';
import type { LocatedEngine } from '../engineTypes.ts';
import { locateEngine, readWholeEngine } from '../locateEngine.ts';
import { installEngine } from './installEngine.ts';
import type { InstallOptions } from './installOptions.ts';

/** Returns the engine in use, after installing the one that fits this machine where there is none. */
export async function ensureEngine(
  options: Pick<InstallOptions, 'onMessage' | 'signal'> = {},
): Promise<LocatedEngine> {
  return locateEngine() ?? (await installEngine(options)).engine;
}

/**
 * Compiles our own modules of the engine in use anew where those are all that keeps it from being used: another version of phasewatch
 * may have brought its own while a sweep was running. Fetches nothing; where there is no such engine it does nothing.
 */
export async function refreshEngine(options: Pick<InstallOptions, 'onMessage' | 'signal'>): Promise<void> {
  if (locateEngine() !== null) return;
  const found = readWholeEngine(join(enginesFolder(), CURRENT_ENGINE));
  if (!('engine' in found) || found.engine.manifest.source !== 'wheel') return;
  await installEngine({ ...options, variant: found.engine.manifest.variant });
}
