import type { RunConfig } from '../experiment/config/schema.ts';
import type { Source } from '../experiment/results/provenance.ts';
import type { RunStatus } from '../experiment/results/runStatus.ts';
import type { RunEvent } from '../experiment/status/runEvents.ts';

/** What a child process is asked to do: one run, then it ends. */
export interface ChildTask {
  run: string;
  /** Folder of the run. */
  dir: string;
  config: RunConfig;
  source: Source;
  threads: number | null;
  device: string | null;
  /** The part of the GPU's memory that the run may take; null: all that is free. */
  gpuMemory: number | null;
}

export type ToChild = { type: 'task'; task: ChildTask } | { type: 'interrupt' };
export type FromChild = { type: 'event'; event: RunEvent } | { type: 'ended'; status: RunStatus };
