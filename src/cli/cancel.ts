import type { Argv, CommandModule } from 'yargs';
import { UserError } from '../base/userError.ts';
import { slurm } from '../run/slurm/slurmCommands.ts';
import { jobsOf, readSubmission } from '../run/slurm/submission.ts';
import { type SubmissionState, submissionState } from '../run/slurm/taskStates.ts';
import { createOutput, type OutputFlags } from './output.ts';

interface CancelArgs extends OutputFlags {
  dir: string;
}

/** `cancel DIR`: ends the Slurm jobs of a results folder; each run keeps its checkpoint. */
export const cancelCommand: CommandModule<object, CancelArgs> = {
  builder: (parser) =>
    parser
      .positional('dir', { type: 'string', demandOption: true, describe: 'results folder' })
      .example(
        '$0 cancel results/paper-sweep',
        'the same run command goes on later',
      ) as unknown as Argv<CancelArgs>,
  handler: (args) => {
    const output = createOutput(args);
    const submission = readSubmission(args.dir);
    if (submission === null || jobsOf(submission).length === 0) {
      throw new UserError(
        `results folder must have been submitted to Slurm, got ${args.dir}`,
        'A run on this machine is ended with Ctrl-C.',
      );
    }
    const jobs = activeJobs(submissionState(submission));
    if (jobs.length > 0) slurm('scancel', jobs);
    output.document({ dir: args.dir, cancelled: jobs });
    output.print(
      jobs.length === 0
        ? `Nothing to cancel: ${jobsOf(submission).join(' and ')} ended before.`
        : `Cancelled ${jobs.join(' and ')}. The same run command goes on at the checkpoints.`,
    );
  },
};

/** Some versions of scancel complain about jobs that have ended, and its user should read what was ended. */
function activeJobs({ train_job, tasks, analysis }: SubmissionState): string[] {
  const training = [...tasks.values()].some(({ active }) => active);
  return [
    ...(training && train_job !== null ? [train_job] : []),
    ...(analysis?.active === true ? [analysis.job] : []),
  ];
}
