import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's own folder engine/, as far above this file in src/ as in dist/. */
export const ENGINE_SOURCES = fileURLToPath(new URL('../../../engine/', import.meta.url));

/** Our own C++ (engine/), compiled when an engine is installed. */
export const ownSources = {
  stderrGate: join(ENGINE_SOURCES, 'stderrGate.cc'),
  tensorFloat32: join(ENGINE_SOURCES, 'tensorFloat32.cc'),
  contextConfig: join(ENGINE_SOURCES, 'contextConfig.cc'),
  linalg: join(ENGINE_SOURCES, 'linalg'),
  ops: join(ENGINE_SOURCES, 'ops'),
} as const;

let hash: string | null = null;

/** Returns the SHA-256 (hex) of names and contents of our own C++ files: an engine compiled from others is out of date. */
export function ownSourcesSha256(): string {
  if (hash !== null) return hash;
  const folders = [ownSources.linalg, ownSources.ops];
  const inFolders = folders.flatMap((folder) =>
    readdirSync(folder)
      .sort()
      .map((name) => join(folder, name)),
  );
  const files = [ownSources.stderrGate, ownSources.tensorFloat32, ownSources.contextConfig, ...inFolders];
  const all = createHash('sha256');
  for (const file of files) {
    const text = readFileSync(file);
    all.update(`${file.slice(ENGINE_SOURCES.length)} ${text.length}\n`).update(text);
  }
  hash = all.digest('hex');
  return hash;
}
