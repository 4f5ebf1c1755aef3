import type { RunConfig } from '../config/schema.ts';
import type { RunStatus } from '../results/runStatus.ts';
import type { Source } from './provenance.ts';
import type { RunEvent } from './runEvents.ts';

/** What a child process is asked to do: one run, then it ends. */
export interface ChildTask {
  run: string;
  /** Folder of the run. */
  dir: string;
  config: RunConfig;
  source: Source;
  threads: number | null;
  device: string | null;
}

export type ToChild = { type: 'task'; task: ChildTask } | { type: 'interrupt' };
export type FromChild = { type: 'event'; event: RunEvent } | { type: 'ended'; status: RunStatus };
