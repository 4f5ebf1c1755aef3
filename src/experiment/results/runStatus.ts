import { hostname } from 'node:os';
import { writeFileAtomic } from '../../base/files/atomicWrite.ts';

/** The contents of runs/<run-id>/status.json, rewritten atomically while the run goes on. */
export interface RunStatus {
  state: 'running' | 'done' | 'failed' | 'interrupted';
  epoch: number;
  epochs: number;
  images_per_second: number | null;
  pid: number;
  host: string;
  started_at: string;
  updated_at: string;
  finished_at: string | null;
  /** Why the run failed; null otherwise. */
  error: string | null;
  /** True when early stopping ended the run before its last epoch. */
  stopped_early: boolean;
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
  };
}

/** Writes status.json, atomically. */
export function writeStatus(path: string, status: RunStatus): void {
  writeFileAtomic(path, `${JSON.stringify(status, null, 2)}\n`);
}
