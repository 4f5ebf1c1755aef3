import { availableParallelism } from 'node:os';
import type { Argv, Options } from 'yargs';
import { deviceOption, wholeNumber } from './optionValues.ts';
import type { OutputFlags } from './output.ts';

/** Arguments of `run` and `train`. */
export interface RunArgs extends OutputFlags {
  config: string;
  out: string | undefined;
  set: string[];
  'dry-run': boolean;
  measure: boolean;
  'retry-failed': boolean;
  replace: boolean;
  'fail-fast': boolean;
  jobs: number | 'auto' | undefined;
  threads: number | undefined;
  device: string | undefined;
  watch: boolean;
  tensorboard: boolean;
  executor?: 'local' | 'slurm';
  /** Options behind `--slurm.`, as yargs nests them. */
  slurm?: Record<string, unknown>;
}

const SLURM_TEXTS = ['account', 'job-name', 'partition', 'qos', 'reservation', 'time', 'mem'];

export const setOption = {
  type: 'array',
  string: true,
  default: [] as string[],
  requiresArg: true,
  describe: 'change a key: epochs=3, optimizer.type=adam, sweep.batchSize=2,4,8',
} as const satisfies Options;

export const jobsOption = {
  requiresArg: true,
  coerce: (value: unknown) => (value === 'auto' ? value : wholeNumber('--jobs')(value)),
  describe:
    'runs side by side, each in a process of its own; auto, the default of a sweep: as many as end first by remembered speeds',
} as const satisfies Options;

/** Adds the arguments of `run` and `train`. */
export function runOptions(parser: Argv): Argv<RunArgs> {
  return parser
    .positional('config', {
      type: 'string',
      demandOption: true,
      describe: 'config file, YAML (docs/reference/config.md has its keys)',
    })
    .options({
      out: text('results folder (default: results/<name>)'),
      set: setOption,
      'dry-run': flag('print the runs, their steps, time and disk need, and do nothing'),
      measure: flag('with --dry-run: time a few steps where the speed is not known'),
      'retry-failed': flag('train failed runs again'),
      replace: flag(
        'train anew the runs that the folder holds with other settings; what they left is removed',
      ),
      'fail-fast': flag('stop at the first run that fails'),
      jobs: jobsOption,
      threads: {
        requiresArg: true,
        coerce: wholeNumber('--threads'),
        describe: `threads of a run (this machine has ${availableParallelism()})`,
      },
      device: deviceOption,
      watch: flag('serve the page of the results on this machine while the runs train'),
      tensorboard: flag('write event files for TensorBoard to DIR/tensorboard'),
      executor: {
        choices: ['local', 'slurm'],
        default: 'local',
        requiresArg: true,
        describe: 'train here, or submit to Slurm and return',
      },
      slurm: { describe: '--slurm.OPTION VALUE: any long option of sbatch (docs/guide/cluster.md)' },
      // Declared, so that names that look like numbers stay as they are.
      ...Object.fromEntries(SLURM_TEXTS.map((name) => [`slurm.${name}`, { type: 'string', hidden: true }])),
      'slurm.pack': { describe: 'runs a Slurm task trains [1]' },
      'slurm.timeouts': { describe: 'how often a Slurm task may run out of time and go on [20]' },
    }) as unknown as Argv<RunArgs>;
}

function text(describe: string): Options {
  return { type: 'string', requiresArg: true, describe };
}

function flag(describe: string): Options {
  return { type: 'boolean', default: false, describe };
}
