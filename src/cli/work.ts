import { resolve } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { UserError } from '../base/userError.ts';
import { likelySpeeds, rememberSpeeds } from '../experiment/plan/speedCache.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { type Experiment, loadExperiment } from '../experiment/sweep/loadExperiment.ts';
import { createProgressLine } from '../view/terminal/progressLine.ts';
import { resultTable } from '../view/terminal/resultTable.ts';
import { runProgress } from '../view/terminal/runProgress.ts';
import { interruptSignal } from './interrupt.ts';
import { deviceOption, wholeNumber } from './optionValues.ts';
import { createOutput, type OutputFlags } from './output.ts';
import { PROGRAM } from './program.ts';
import { setOption } from './runOptions.ts';

interface WorkArgs extends OutputFlags {
  dir: string;
  config: string | undefined;
  set: string[];
  threads: number | undefined;
  device: string | undefined;
}

const EXIT_NOT_DONE = 1;

/** `work DIR`: one worker of a sweep, of any number, on any machine that sees the folder. */
export const workCommand: CommandModule<object, WorkArgs> = {
  builder: (parser) =>
    parser
      .positional('dir', {
        type: 'string',
        demandOption: true,
        describe: 'results folder that all workers see',
      })
      .options({
        config: {
          type: 'string',
          requiresArg: true,
          describe: 'the sweep, where the folder may not hold it yet: the first worker plans it',
        },
        set: setOption,
        threads: {
          requiresArg: true,
          coerce: wholeNumber('--threads'),
          describe: 'threads of a run; all workers take those of the first',
        },
        device: deviceOption,
      })
      .example('$0 work results/paper-sweep --config configs/paper-sweep.yaml', 'the same on every machine')
      .example(
        '$0 work results/quick',
        'a sweep that `run` or another worker has begun',
      ) as unknown as Argv<WorkArgs>,
  handler: async (args) => {
    const { dir, threads = null, device = null } = args;
    if (args.config === undefined && args.set.length > 0) {
      throw new UserError('--set must be given together with --config, got no --config');
    }
    const output = createOutput(args);
    const plan = args.config === undefined ? null : loadExperiment(args.config, { set: args.set, out: dir });
    for (const note of plan?.notes ?? []) output.note(`note: ${note}`);
    const { workOnSweep } = await import('../run/workOnSweep.ts');
    const line = createProgressLine(process.stderr, { quiet: args.quiet });
    const interrupt = interruptSignal(() =>
      line.log('interrupted: finishing the step and writing the checkpoint'),
    );
    const setting = { jobs: 1, threads, device };
    // The runs are known to the folder before the first of them can say anything.
    let progress: ReturnType<typeof runProgress> | null = null;
    const known = (): Experiment => plan ?? loadExperiment(resultsLayout(dir).experiment, { out: dir });
    try {
      const { experiment, runs, layers, report, skippedLayers, damage } = await workOnSweep(resolve(dir), {
        plan,
        threads,
        device,
        program: PROGRAM,
        signal: interrupt.signal,
        onEvent: (event) => {
          if (event.type === 'note') {
            line.log(event.message);
            return;
          }
          progress ??= runProgress(known().runs, setting, likelySpeeds(setting));
          const kept = progress.take(event);
          if (event.type === 'epoch') rememberSpeeds(progress.speeds(), setting);
          if (kept !== null) line.log(kept);
          line.update(() => progress!.line());
        },
      });
      line.clear();
      const interrupted = interrupt.signal.aborted;
      output.document({ experiment: experiment.name, out: dir, interrupted, report, runs });
      output.block(resultTable(runs, layers, output.width));
      for (const message of damage) output.note(`damaged: ${message}`);
      const here = runs.filter(({ trained }) => trained).length;
      output.print(`Trained here: ${here} of ${runs.length} runs.`);
      const left = runs.filter(({ state }) => state !== 'done' && state !== 'failed');
      if (left.length > 0) output.print(`Not done: ${left.map(({ run }) => run).join(', ')}.`);
      if (report !== null) output.print(`Report: ${report}`);
      const done = runs.every(({ state, error }) => state === 'done' && error === null);
      if (!interrupted && (!done || skippedLayers + damage.length > 0)) process.exitCode = EXIT_NOT_DONE;
    } finally {
      line.clear();
      interrupt.release();
    }
  },
};
