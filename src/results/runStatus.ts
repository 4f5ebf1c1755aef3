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
