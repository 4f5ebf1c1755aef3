import { UserError } from '../../base/userError.ts';
import type { SchedulerTask } from '../../experiment/status/experimentStatus.ts';
import { slurm } from './slurmCommands.ts';
import { jobsOf, type Submission } from './submission.ts';

/** How the jobs of a submission stand. */
export interface SubmissionState {
  train_job: string | null;
  /** By id of the run; those of a task share it. */
  tasks: Map<string, SchedulerTask>;
  analysis: SchedulerTask | null;
  /** True while Slurm has something left to do. */
  active: boolean;
}

/** State of a job that Slurm no longer knows. */
export const FORGOTTEN = 'FORGOTTEN';

/** States of a job that has ended for good (squeue(1), job state codes). */
const ENDED = new Set([
  'BOOT_FAIL',
  'CANCELLED',
  'COMPLETED',
  'DEADLINE',
  'FAILED',
  'NODE_FAIL',
  'OUT_OF_MEMORY',
  'PREEMPTED',
  'REVOKED',
  'TIMEOUT',
]);

/** Returns what Slurm says of a submission. Throws UserError where it cannot be asked. */
export function submissionState(submission: Submission): SubmissionState {
  const known = askSlurm(jobsOf(submission));
  // Slurm forgets ended jobs after a while (MinJobAge), for good where it keeps no accounts.
  const find = (job: string): SchedulerTask =>
    known.get(job) ?? { job, state: FORGOTTEN, active: false, reason: null, nodes: null };
  const { train_job, analysis_job, tasks } = submission;
  const state: SubmissionState = {
    train_job,
    tasks: new Map(
      train_job === null
        ? []
        : tasks.flatMap((runs, task) => runs.map((run) => [run, find(`${train_job}_${task}`)] as const)),
    ),
    analysis: analysis_job === null ? null : find(analysis_job),
    active: false,
  };
  state.active = (state.analysis?.active ?? false) || [...state.tasks.values()].some(({ active }) => active);
  return state;
}

function askSlurm(jobs: readonly string[]): Map<string, SchedulerTask> {
  if (jobs.length === 0) return new Map();
  const known = new Map([...accounts(jobs), ...parseSqueue(queue(jobs))].map((task) => [task.job, task]));
  return known;
}

function queue(jobs: readonly string[]): string {
  try {
    return slurm('squeue', [
      `--jobs=${jobs.join(',')}`,
      '--array',
      '--noheader',
      '--states=all',
      '--format=%i|%T|%r|%N',
    ]);
  } catch (error) {
    if (error instanceof UserError && /Invalid job id/i.test(error.message)) return '';
    throw error;
  }
}

/** What sacct knows; nothing where the cluster keeps no accounts. */
function accounts(jobs: readonly string[]): SchedulerTask[] {
  try {
    return parseSacct(
      slurm('sacct', [
        `--jobs=${jobs.join(',')}`,
        '--allocations',
        '--noheader',
        '--parsable2',
        '--format=JobID,State,NodeList',
      ]),
    );
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** Returns the tasks in the output of `squeue --array --noheader --format=%i|%T|%r|%N`. */
export function parseSqueue(text: string): SchedulerTask[] {
  return lines(text).map(([job, state, reason, nodes]) => ({
    job: job!,
    state: state!,
    active: !ENDED.has(state!),
    reason: orNull(reason),
    nodes: orNull(nodes),
  }));
}

/** Returns the tasks in the output of `sacct --parsable2 --noheader --format=JobID,State,NodeList`. */
export function parseSacct(text: string): SchedulerTask[] {
  return lines(text).map(([job, said, nodes]) => {
    // `CANCELLED by 1000`
    const [state, ...reason] = said!.split(' ');
    return {
      job: job!,
      state: state!,
      active: !ENDED.has(state!),
      reason: orNull(reason.join(' ')),
      nodes: orNull(nodes),
    };
  });
}

function lines(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.includes('|'))
    .map((line) => line.trim().split('|'));
}

function orNull(text: string | undefined): string | null {
  return text === undefined || ['', 'None', 'None assigned', 'N/A', '(null)'].includes(text) ? null : text;
}
