import type { Argv, CommandModule } from 'yargs';
import { UserError } from '../files/userError.ts';
import { slurm } from '../slurm/slurmCommands.ts';
import { jobsOf, readSubmission } from '../slurm/submission.ts';
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
    const jobs = submission === null ? [] : jobsOf(submission);
    if (jobs.length === 0) {
      throw new UserError(
        `results folder must have been submitted to Slurm, got ${args.dir}`,
        'A run on this machine is ended with Ctrl-C.',
      );
    }
    slurm('scancel', jobs);
    output.document({ dir: args.dir, cancelled: jobs });
    output.print(`Cancelled ${jobs.join(' and ')}. The same run command goes on at the checkpoints.`);
  },
};
