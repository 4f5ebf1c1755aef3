import { existsSync, readFileSync } from 'node:fs';
import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { UserError } from '../../base/userError.ts';
import { slurm } from './slurmCommands.ts';
import { slurmLayout } from './submission.ts';

/** Seconds before the time limit at which a task is told to save its work; Slurm may tell it up to a minute earlier. */
const WARNING_SECONDS = 120;

/** The option of sbatch that has a task told: the script itself, which is the program. */
export const WARNING_OPTION = `B:USR2@${WARNING_SECONDS}`;

/** Calls back when the time of this task is nearly up. */
export function onTimeNearlyUp(listener: () => void): void {
  process.on('SIGUSR2', listener);
}

export interface TimedOut {
  /** The results folder, which counts how often each task has run out of time. */
  dir: string;
  /** Whether anything was done in the time. */
  gotOn: boolean;
  /** How often a task may run out of time. */
  most: number;
}

/**
 * Puts this task back into the queue, from where it goes on at the checkpoints. Throws UserError for one that got nowhere in its time, which
 * would come back for ever, and for one that has run out of time more often than it may. Outside of Slurm it does nothing.
 */
export function requeueTask({ dir, gotOn, most }: TimedOut, env: NodeJS.ProcessEnv): void {
  const job = jobOfTask(env);
  if (job === null) return;
  if (!gotOn) throw new UserError('the time limit must leave time to train, got none', '--slurm.time');
  const path = slurmLayout(dir).timeouts(job);
  const before = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
  if (before >= most) {
    throw new UserError(
      `task ${job} must run out of time at most ${most} times, got ${before + 1}`,
      'Give the same command again, with a longer --slurm.time or more --slurm.timeouts: its runs go on at their checkpoints.',
    );
  }
  writeFileAtomic(path, `${before + 1}\n`);
  slurm('scontrol', ['requeue', job]);
}

/** Returns the name by which Slurm knows this very task; the plain id of a task may be that of its whole array. Null outside of Slurm. */
export function jobOfTask(env: NodeJS.ProcessEnv): string | null {
  const { SLURM_ARRAY_JOB_ID: array, SLURM_ARRAY_TASK_ID: task, SLURM_JOB_ID: job } = env;
  return array !== undefined && task !== undefined ? `${array}_${task}` : (job ?? null);
}
