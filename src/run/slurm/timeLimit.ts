import { UserError } from '../../base/userError.ts';
import { slurm } from './slurmCommands.ts';

/** Seconds before the time limit at which a task is told to save its work; Slurm may tell it up to a minute earlier. */
const WARNING_SECONDS = 120;

/** The option of sbatch that has a task told: the script itself, which is the program. */
export const WARNING_OPTION = `B:USR2@${WARNING_SECONDS}`;

/** Calls back when the time of this task is nearly up. */
export function onTimeNearlyUp(listener: () => void): void {
  process.on('SIGUSR2', listener);
}

/**
 * Puts this task back into the queue, from where it goes on at the checkpoints. Throws UserError for one that got nowhere in its time: it
 * would come back for ever. Outside of Slurm it does nothing.
 */
export function requeueTask(gotOn: boolean, env: NodeJS.ProcessEnv): void {
  const job = jobOfTask(env);
  if (job === null) return;
  if (!gotOn) throw new UserError('the time limit must leave time to train, got none', '--slurm.time');
  slurm('scontrol', ['requeue', job]);
}

/** Returns the name by which Slurm knows this very task; the plain id of a task may be that of its whole array. Null outside of Slurm. */
export function jobOfTask(env: NodeJS.ProcessEnv): string | null {
  const { SLURM_ARRAY_JOB_ID: array, SLURM_ARRAY_TASK_ID: task, SLURM_JOB_ID: job } = env;
  return array !== undefined && task !== undefined ? `${array}_${task}` : (job ?? null);
}
