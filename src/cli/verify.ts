import type { Argv, CommandModule } from 'yargs';
import { verifyResults } from '../experiment/status/verifyResults.ts';
import { createOutput, type OutputFlags } from './output.ts';

interface VerifyArgs extends OutputFlags {
  dir: string;
  weights: boolean;
}

const EXIT_DOES_NOT_FIT = 1;

/** `verify DIR`: compares everything in a results folder with its checksums and with itself. */
export const verifyCommand: CommandModule<object, VerifyArgs> = {
  builder: (parser) =>
    parser
      .positional('dir', { type: 'string', demandOption: true, describe: 'results folder' })
      .option('weights', {
        type: 'boolean',
        default: true,
        describe: 'snapshots and checkpoints must be there; --no-weights: they may have been removed',
      })
      .example(
        '$0 verify results/quick',
        'exit code 1 when something does not fit',
      ) as unknown as Argv<VerifyArgs>,
  handler: (args) => {
    const output = createOutput(args);
    const verification = verifyResults(args.dir, { weights: args.weights });
    const { files, problems, remarks } = verification;
    output.document(verification);
    for (const { path, problem } of problems) output.print(`${path}: ${problem}`);
    for (const remark of remarks) output.note(`note: ${remark}`);
    output.print(
      `${files} files compared, ${problems.length === 0 ? 'all fit' : `${problems.length} problems`}`,
    );
    if (problems.length > 0) process.exitCode = EXIT_DOES_NOT_FIT;
  },
};
