import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Returns the folder that outlives projects and installs: data sets and the native engine lie in it. `PHASEWATCH_CACHE`, else
 * `phasewatch` in `XDG_CACHE_HOME`, else in ~/.cache.
 */
export function cacheFolder(): string {
  return (
    setTo('PHASEWATCH_CACHE') ?? join(setTo('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'phasewatch')
  );
}

/** An empty variable counts as none (XDG base directory specification): it would mean the working folder. */
function setTo(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}
