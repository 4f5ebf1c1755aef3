/** A run as the page knows it. */
export interface PageRun {
  id: string;
  batchSize: number | null;
  seed: number | null;
  /** What it shares with the runs that differ from it by seed alone. */
  group: string;
  /** The runs it stands for: itself, or those of an ensemble, whose spectra are pooled. */
  members: readonly string[];
  /** How it stands where it is not done: `running, epoch 3 of 20`, `failed: loss is not finite`; null where it is. */
  remark: string | null;
  /** Why it, or which of its members, has not learned, so that its labels say nothing of training; null where all have. */
  notLearned: string | null;
}
