import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { temporaryPath } from '../../base/files/atomicWrite.ts';
import { readJson } from '../../base/files/readFile.ts';

const progressSchema = z.object({
  /** The epoch under way, and its steps. */
  epoch: z.int().min(1),
  step: z.int().min(0),
  steps: z.int().min(1),
  images_per_second: z.number(),
});

/** The contents of runs/<run-id>/progress.json: how far the epoch under way is. It is there only while the run trains. */
export type RunProgress = z.infer<typeof progressSchema>;

/** Often enough for eyes; the file is not synced, so that a step does not wait for the disk. */
const INTERVAL_MS = 2000;

/** Writes progress.json every other second at most. */
export class ProgressFile {
  private written = Number.NEGATIVE_INFINITY;

  constructor(private readonly path: string) {}

  write(progress: RunProgress): void {
    const now = performance.now();
    if (now - this.written < INTERVAL_MS) return;
    this.written = now;
    try {
      const temporary = temporaryPath(this.path);
      writeFileSync(temporary, `${JSON.stringify(progress)}\n`);
      renameSync(temporary, this.path);
    } catch {
      // What keeps it from being written keeps the run from its own files, and is told by those.
    }
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}

/** Returns what a progress.json says, null where there is none or none that can be read. */
export function readProgress(path: string): RunProgress | null {
  try {
    return progressSchema.safeParse(readJson(path)).data ?? null;
  } catch {
    return null;
  }
}
