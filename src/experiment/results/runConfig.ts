import { existsSync } from 'node:fs';
import { readJson } from '../../base/files/readFile.ts';
import { UserError } from '../../base/userError.ts';
import type { RunConfig } from '../config/schema.ts';
import { type OnDamage, readOrElse } from './damage.ts';
import type { RunLayout } from './layout.ts';

/**
 * Returns the config that a run stored, or what is known of the training of one that was trained elsewhere: keys may be absent. Null where
 * there is neither.
 */
export function readRunConfig(files: RunLayout, onDamage: OnDamage): RunConfig | null {
  return readStored(files.config, onDamage) ?? readStored(files.settings, onDamage);
}

function readStored(path: string, onDamage: OnDamage): RunConfig | null {
  const read = (): RunConfig | null => {
    if (!existsSync(path)) return null;
    const stored = readJson(path);
    if (typeof stored === 'object' && stored !== null && !Array.isArray(stored)) return stored as RunConfig;
    throw new UserError(`${path} must hold a JSON object`);
  };
  return readOrElse(path, read, null, onDamage);
}
