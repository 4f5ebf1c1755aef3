import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { readJson } from '../../base/files/readFile.ts';
import { UserError } from '../../base/userError.ts';

const count = z.int().min(0);
const statusSchema = z.object({
  state: z.enum(['running', 'done', 'failed', 'interrupted']),
  epoch: count,
  epochs: count,
  images_per_second: z.number().nullable(),
  pid: z.int(),
  host: z.string(),
  started_at: z.string(),
  updated_at: z.string(),
  finished_at: z.string().nullable(),
  /** Why the run failed or was ended from outside; null otherwise. */
  error: z.string().nullable(),
  /** True when early stopping ended the run before its last epoch. */
  stopped_early: z.boolean(),
  /** Why a finished run has not learned; null where it has. */
  warning: z.string().nullable().default(null),
});

/** The contents of runs/<run-id>/status.json, rewritten atomically while the run goes on. */
export type RunStatus = z.infer<typeof statusSchema>;

/** Returns what a status.json holds, null where there is none. Throws UserError for one that cannot be read or has another shape. */
export function readStatus(path: string): RunStatus | null {
  if (!existsSync(path)) return null;
  const remedy = `Remove ${path}: the same command goes on at the checkpoint of the run.`;
  let stored: unknown;
  try {
    stored = readJson(path);
  } catch (error) {
    throw new UserError((error as Error).message, remedy);
  }
  const parsed = statusSchema.safeParse(stored);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = issue!.path.join('.');
  throw new UserError(`${path} must hold the status of a run: ${key && `${key}: `}${issue!.message}`, remedy);
}

/** Returns the status of a run that this process begins now. */
export function newStatus(epochs: number): RunStatus {
  const now = new Date().toISOString();
  return {
    state: 'running',
    epoch: 0,
    epochs,
    images_per_second: null,
    pid: process.pid,
    host: hostname(),
    started_at: now,
    updated_at: now,
    finished_at: null,
    error: null,
    stopped_early: false,
    warning: null,
  };
}

/** Writes status.json, atomically. */
export function writeStatus(path: string, status: RunStatus): void {
  writeFileAtomic(path, `${JSON.stringify(status, null, 2)}\n`);
}
