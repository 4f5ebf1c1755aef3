/** What the process that analyzes beside the training is told: a run has a new snapshot, or the training has ended. */
export type ToAnalyzer = { type: 'snapshots'; run: string } | { type: 'stop' };

export type FromAnalyzer =
  | { type: 'analyzed'; run: string }
  | { type: 'failed'; run: string; reason: string };
