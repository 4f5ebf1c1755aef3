import type { CommandModule } from 'yargs';
import { executeExperiment } from './executeExperiment.ts';
import { type RunArgs, runOptions } from './runOptions.ts';

/** `train CONFIG`: the training half of `run`; `analyze` does the rest later or elsewhere. */
export const trainCommand: CommandModule<object, RunArgs> = {
  builder: (parser) =>
    runOptions(parser)
      .example('$0 train configs/lenet5.yaml', 'to results/lenet5')
      .example('$0 train configs/quick.yaml --jobs 2 --threads 1', 'two runs side by side'),
  handler: (args) => executeExperiment(args, true),
};
