import type { LocatedEngine } from '../engineTypes.ts';
import { locateEngine } from '../locateEngine.ts';
import { installEngine } from './installEngine.ts';
import type { InstallOptions } from './installOptions.ts';

/** Returns the engine in use, after installing the one that fits this machine where there is none. */
export async function ensureEngine(
  options: Pick<InstallOptions, 'onMessage' | 'signal'> = {},
): Promise<LocatedEngine> {
  return locateEngine() ?? (await installEngine(options)).engine;
}
