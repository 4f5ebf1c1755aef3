import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UserError } from '../../base/userError.ts';
import { CURRENT_ENGINE, engineParts, enginesFolder } from './enginePaths.ts';
import type { EngineManifest, LocatedEngine } from './engineTypes.ts';
import { ownSourcesSha256 } from './ownSources.ts';
import { BINDINGS_VERSION, TENSORFLOW_VERSION } from './pins.ts';

/**
 * Returns the engine in use, or null when none is installed: the folder that PHASEWATCH_ENGINE names, else the one that `current`
 * in the cache leads to. Throws UserError when PHASEWATCH_ENGINE names a folder that is no engine.
 */
export function locateEngine(): LocatedEngine | null {
  const named = process.env.PHASEWATCH_ENGINE;
  if (named !== undefined && named !== '') {
    const found = readEngine(named);
    if ('engine' in found) return found.engine;
    throw new UserError(
      `PHASEWATCH_ENGINE must be the folder of an installed engine, got ${named}: ${found.reason}`,
      'unset PHASEWATCH_ENGINE, or set it to a folder that `phasewatch engine info` has shown',
    );
  }
  const found = readEngine(join(enginesFolder(), CURRENT_ENGINE));
  return 'engine' in found ? found.engine : null;
}

/** Returns the engine in `folder`, or the reason why there is none that can be used. */
export function readEngine(folder: string): { engine: LocatedEngine } | { reason: string } {
  const found = readWholeEngine(folder);
  if ('engine' in found && found.engine.manifest.own_sources_sha256 !== ownSourcesSha256()) {
    return {
      reason: 'its own modules were compiled from other sources than those of this version of phasewatch',
    };
  }
  return found;
}

/** Returns the engine in `folder` even if our own modules in it were compiled from other sources; else as readEngine. */
export function readWholeEngine(folder: string): { engine: LocatedEngine } | { reason: string } {
  let manifest: EngineManifest;
  let real: string;
  try {
    real = realpathSync(folder);
    manifest = JSON.parse(readFileSync(join(real, engineParts.manifest), 'utf8'));
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
  const reason = unusable(real, manifest);
  return reason === null ? { engine: { folder: real, manifest } } : { reason };
}

function unusable(folder: string, manifest: EngineManifest): string | null {
  if (manifest?.schema !== 1) return `its ${engineParts.manifest} must have schema 1`;
  if (manifest.platform !== process.platform || manifest.arch !== process.arch) {
    return `it was built for ${manifest.platform} ${manifest.arch}, this is ${process.platform} ${process.arch}`;
  }
  if (manifest.bindings !== BINDINGS_VERSION) {
    return `it has tfjs-node-gpu ${manifest.bindings}, this version of phasewatch needs ${BINDINGS_VERSION}`;
  }
  if (manifest.source === 'wheel' && manifest.tensorflow !== TENSORFLOW_VERSION) {
    return `it has TensorFlow ${manifest.tensorflow}, this version of phasewatch needs ${TENSORFLOW_VERSION}`;
  }
  for (const { file, bytes } of manifest.files) {
    const size = statSync(resolve(folder, file), { throwIfNoEntry: false })?.size;
    if (size !== bytes) return `${file} must have ${bytes} bytes, got ${size ?? 'no such file'}`;
  }
  return null;
}
