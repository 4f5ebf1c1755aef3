import type { CommandModule } from 'yargs';
import { executeExperiment } from './executeExperiment.ts';
import { type RunArgs, runOptions } from './runOptions.ts';

/** `run CONFIG`: trains every run of the sweep, analyzes, classifies, reports. */
export const runCommand: CommandModule<object, RunArgs> = {
  builder: (parser) =>
    runOptions(parser)
      .example('$0 run configs/quick.yaml', 'the sweep that `npm start` runs, to results/quick')
      .example(
        '$0 run configs/quick.yaml --set epochs=1 --set sweep.batchSize=8,128 --out /tmp/try',
        'fewer epochs, other batch sizes',
      )
      .example('$0 run configs/quick.yaml --watch', 'and open the address that it prints')
      .example('$0 run configs/paper-sweep.yaml --dry-run', 'what it would take')
      .example('$0 run configs/paper-sweep.yaml --executor slurm --slurm.partition cpu', 'on a cluster'),
  handler: (args) => executeExperiment(args, false),
};
