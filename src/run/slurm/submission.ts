import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { readJson } from '../../base/files/readFile.ts';

/** The contents of slurm/submission.json: what was asked of Slurm the last time, and what the tasks need to know. */
export interface Submission {
  config_file: string;
  overrides: readonly string[];
  submitted_at: string;
  /** Ids of runs, task by task. */
  tasks: readonly (readonly string[])[];
  /** Runs of a task side by side. */
  jobs: number;
  /** Threads of a run; null: the processors of the task, shared by its jobs. */
  threads: number | null;
  device: string | null;
  retry_failed: boolean;
  fail_fast: boolean;
  /** How often a task may run out of time; null in submissions of earlier versions: as often as it likes. */
  timeouts: number | null;
  tensorboard: boolean;
  /** True where no analysis follows: snapshots are then not analyzed while the tasks train either. */
  train_only: boolean;
  /** Ids of the jobs; null until they are submitted, and for what was not. */
  train_job: string | null;
  analysis_job: string | null;
}

/** Paths of what Slurm needs in a results folder. */
export const slurmLayout = (dir: string) => ({
  submission: join(dir, 'slurm', 'submission.json'),
  trainScript: join(dir, 'slurm', 'train.sh'),
  analysisScript: join(dir, 'slurm', 'analysis.sh'),
  logs: join(dir, 'slurm', 'logs'),
  /** How often a task has run out of time; one that is submitted again has another name. */
  timeouts: (task: string) => join(dir, 'slurm', 'timeouts', task),
});

/** Returns the last submission of a results folder, or null without any. */
export function readSubmission(dir: string): Submission | null {
  const path = slurmLayout(dir).submission;
  if (!existsSync(path)) return null;
  const stored = readJson(path) as Submission;
  return { ...stored, timeouts: stored.timeouts ?? null };
}

export function writeSubmission(dir: string, submission: Submission): void {
  writeFileAtomic(slurmLayout(dir).submission, `${JSON.stringify(submission, null, 2)}\n`);
}

/** Returns the ids of the jobs of a submission. */
export function jobsOf({ train_job, analysis_job }: Submission): string[] {
  return [train_job, analysis_job].filter((job) => job !== null);
}
