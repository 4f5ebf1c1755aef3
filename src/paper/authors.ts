import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../base/userError.ts';
import { EXPERIMENTS_FOLDER } from './registry.ts';

/** A value of authors.json and where it was published. */
export interface Cited {
  value: unknown;
  source: string;
}

let numbers: unknown = null;

/** Returns what stands at a dotted path of authors.json, with the nearest `source` above it. Throws UserError for a path that is not there. */
export function authorsNumber(path: string): Cited {
  numbers ??= JSON.parse(readFileSync(join(EXPERIMENTS_FOLDER, 'authors.json'), 'utf8'));
  let at = numbers;
  let source: string | null = null;
  for (const key of path.split('.')) {
    const next = (at as Record<string, unknown> | null)?.[key];
    if (next === undefined) throw new UserError(`authors.json must have ${path}, got nothing at ${key}`);
    at = next;
    const own = (at as { source?: unknown }).source;
    if (typeof own === 'string') source = own;
  }
  if (source === null) throw new UserError(`authors.json must tell the source of ${path}`);
  return { value: at, source };
}

/** Returns the rows at a path of authors.json. */
export function authorsRows(path: string): { rows: Readonly<Record<string, unknown>>[]; source: string } {
  const { value, source } = authorsNumber(path);
  if (!Array.isArray(value) || value.some((row) => typeof row !== 'object')) {
    throw new UserError(`${path} of authors.json must be rows, got ${JSON.stringify(value).slice(0, 60)}`);
  }
  return { rows: value, source };
}

/** Returns the numbers at a path of authors.json. */
export function authorsList(path: string): { list: number[]; source: string } {
  const { value, source } = authorsNumber(path);
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'number')) {
    throw new UserError(`${path} of authors.json must be numbers, got ${JSON.stringify(value).slice(0, 60)}`);
  }
  return { list: value, source };
}
