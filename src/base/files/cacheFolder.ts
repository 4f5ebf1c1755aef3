import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Returns the folder that outlives projects and installs: data sets and the native engine lie in it. `PHASEWATCH_CACHE`, else
 * `phasewatch` in `XDG_CACHE_HOME`, else in ~/.cache.
 */
export function cacheFolder(): string {
  return (
    process.env.PHASEWATCH_CACHE ??
    join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'phasewatch')
  );
}
