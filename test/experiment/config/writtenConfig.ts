import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a config file into a folder that goes away after the tests, and returns its path. */
export function writeConfig(text: string | Uint8Array, name = 'experiment.yaml'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
