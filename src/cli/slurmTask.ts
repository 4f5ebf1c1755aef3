import type { Argv, CommandModule } from 'yargs';
import { likelySpeeds } from '../experiment/plan/speedCache.ts';
import type { RunEvent, RunExperimentOptions } from '../experiment/status/runEvents.ts';
import { analyzeSubmitted, submittedWork, threadsOfTask, trainSubmitted } from '../run/slurm/runSubmitted.ts';
import { onTimeNearlyUp, requeueTask } from '../run/slurm/timeLimit.ts';
import { eventFiles } from '../view/tensorboard/eventFiles.ts';
import { createProgressLine } from '../view/terminal/progressLine.ts';
import { runProgress } from '../view/terminal/runProgress.ts';
import { tellTensorboard } from './executeExperiment.ts';
import { interruptSignal } from './interrupt.ts';
import type { OutputFlags } from './output.ts';
import { PROGRAM } from './program.ts';

interface SlurmTaskArgs extends OutputFlags {
  dir: string;
  action: 'train' | 'analyze';
  task: number | undefined;
}

const EXIT_NOT_DONE = 1;
const EXIT_INTERRUPTED = 130;

/** `slurm-task DIR train N` and `slurm-task DIR analyze`: what the jobs of `run --executor slurm` call. */
export const slurmTaskCommand: CommandModule<object, SlurmTaskArgs> = {
  builder: (parser) =>
    parser
      .positional('dir', { type: 'string', demandOption: true })
      .positional('action', { choices: ['train', 'analyze'], demandOption: true })
      .positional('task', { type: 'number' }) as unknown as Argv<SlurmTaskArgs>,
  handler: async ({ dir, action, task }) => {
    const work = submittedWork(dir, action === 'train' ? (task ?? null) : null);
    const { experiment, submission } = work;
    const { jobs, device } = submission;
    const threads = submission.threads ?? threadsOfTask(jobs, process.env);
    const line = createProgressLine(process.stderr);
    const progress = runProgress(experiment.runs, { jobs, threads }, likelySpeeds({ jobs, threads, device }));
    const timeIsUp = new AbortController();
    const interrupt = interruptSignal(() =>
      line.log('told to end: finishing the step, writing the checkpoint'),
    );
    onTimeNearlyUp(() => {
      line.log('the time is nearly up: finishing the step, writing the checkpoint');
      timeIsUp.abort();
    });
    const tensorboard = submission.tensorboard ? eventFiles(dir, experiment.runs) : null;
    let gotOn = false;
    const options: RunExperimentOptions = {
      outDir: dir,
      program: PROGRAM,
      trainOnly: submission.train_only === true,
      retryFailed: submission.retry_failed,
      failFast: submission.fail_fast,
      jobs,
      threads,
      device,
      signal: AbortSignal.any([interrupt.signal, timeIsUp.signal]),
      onEvent: (event) => {
        gotOn ||= isProgress(event);
        if (tensorboard !== null) tellTensorboard(tensorboard, event);
        const kept = progress.take(event);
        if (kept !== null) line.log(kept);
        line.update(() => progress.line());
      },
    };
    if (action === 'train') {
      const runs = await trainSubmitted(work, options);
      if (runs.some(({ state, error }) => state !== 'done' || error !== null)) {
        process.exitCode = EXIT_NOT_DONE;
      }
    } else {
      const { skippedLayers, damage } = await analyzeSubmitted(work, options);
      for (const message of damage) line.log(`damaged: ${message}`);
      if (skippedLayers + damage.length > 0) process.exitCode = EXIT_NOT_DONE;
    }
    if (!timeIsUp.signal.aborted || interrupt.signal.aborted) return;
    process.exitCode = EXIT_INTERRUPTED;
    const most = submission.timeouts ?? Number.POSITIVE_INFINITY;
    requeueTask({ dir, gotOn, most }, process.env);
  },
};

function isProgress({ type }: RunEvent): boolean {
  return type === 'step' || type === 'epoch' || type === 'truncate' || type === 'analyze';
}
