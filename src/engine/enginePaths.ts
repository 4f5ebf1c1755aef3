import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where things lie inside an engine folder. */
export const engineParts = {
  manifest: 'engine.json',
  bindings: 'node_modules/@tensorflow/tfjs-node-gpu',
  binding: 'node_modules/@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node',
  stderrGate: 'stderrGate.node',
  libraries: 'tensorflow',
} as const;

/** Returns the folder of all that phasewatch fetches or builds once a machine: PHASEWATCH_CACHE, or phasewatch in the user's cache. */
export function cacheFolder(env: Environment = process.env): string {
  if (env.PHASEWATCH_CACHE) return resolve(env.PHASEWATCH_CACHE, 'phasewatch');
  const xdg = env.XDG_CACHE_HOME;
  return join(xdg ? resolve(xdg) : join(env.HOME ?? homedir(), '.cache'), 'phasewatch');
}

/** Returns the folder that holds the engines of this user, one folder each, and the link `current` to the one in use. */
export function enginesFolder(env: Environment = process.env): string {
  return join(cacheFolder(env), 'engine');
}

/** The link to the engine in use, inside `enginesFolder`; switched by one rename. */
export const CURRENT_ENGINE = 'current';
