import { setTimeout as sleep } from 'node:timers/promises';
import type { Argv, CommandModule } from 'yargs';
import { oneLine } from '../base/files/plainText.ts';
import { UserError } from '../base/userError.ts';
import {
  type ExperimentState,
  experimentStatus,
  type RunState,
  type SchedulerTask,
} from '../experiment/status/experimentStatus.ts';
import { readSubmission } from '../run/slurm/submission.ts';
import { FORGOTTEN, type SubmissionState, submissionState } from '../run/slurm/taskStates.ts';
import { count, duration, fixed, NO_VALUE } from '../view/terminal/numberText.ts';
import { type Column, cut, formatTable } from '../view/terminal/table.ts';
import { createOutput, type OutputFlags } from './output.ts';

interface StatusArgs extends OutputFlags {
  dir: string;
  watch: boolean;
}

const EXIT_DAMAGED = 1;
const WATCH_INTERVAL_MS = 2000;

/** `status DIR`: how the runs of a results folder stand. */
export const statusCommand: CommandModule<object, StatusArgs> = {
  builder: (parser) =>
    parser
      .positional('dir', { type: 'string', demandOption: true, describe: 'results folder' })
      .option('watch', {
        type: 'boolean',
        default: false,
        describe: 'show it anew every two seconds until no run is running',
      })
      .example('$0 status results/quick', 'from another shell or machine')
      .example('$0 status results/quick --watch', 'until all runs have ended') as unknown as Argv<StatusArgs>,
  handler: async (args) => {
    if (args.watch && args.json) throw new UserError('--watch must not be given together with --json');
    const output = createOutput(args);
    while (true) {
      const { slurm, remark } = askSlurm(args.dir);
      const state = experimentStatus(args.dir, Date.now(), slurm?.tasks);
      output.document(slurm === null ? state : { ...state, slurm: jobsDocument(slurm) });
      if (args.watch) output.clear();
      output.block(statusText(state, output.width));
      if (slurm !== null) output.print(jobsText(slurm));
      if (remark !== null) output.note(remark);
      for (const line of state.damage) output.note(`damaged: ${line}`);
      process.exitCode = state.damage.length > 0 ? EXIT_DAMAGED : 0;
      if (!args.watch || (state.running === 0 && slurm?.active !== true)) return;
      await sleep(WATCH_INTERVAL_MS);
    }
  },
};

/** What Slurm says, where runs of the folder were submitted to it and it can be asked from here. */
function askSlurm(dir: string): { slurm: SubmissionState | null; remark: string | null } {
  const submission = readSubmission(dir);
  if (submission === null) return { slurm: null, remark: null };
  try {
    return { slurm: submissionState(submission), remark: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { slurm: null, remark: `note: by the files alone, Slurm could not be asked: ${error.message}` };
  }
}

function jobsDocument({ train_job, analysis, active }: SubmissionState): object {
  return { train_job, analysis, active };
}

function jobsText({ train_job, analysis }: SubmissionState): string {
  const jobs = [
    ...(train_job === null ? [] : [`array job ${train_job}`]),
    ...(analysis === null ? [] : [`analysis job ${taskText(analysis)}`]),
  ];
  return `Slurm: ${jobs.join(', ')}`;
}

function taskText({ job, state, reason }: SchedulerTask): string {
  if (state === FORGOTTEN) return job;
  return reason === null ? `${job} ${state}` : `${job} ${state} (${reason})`;
}

const COLUMNS: readonly Column<RunState>[] = [
  { title: 'run', text: ({ run }) => run },
  { title: 'state', text: ({ state }) => state },
  { title: 'epoch', text: ({ epoch, epochs }) => `${epoch}/${epochs ?? '?'}`, align: 'right' },
  { title: 'test', text: (run) => fixed(run.test_accuracy, 4), align: 'right', dispensable: 1 },
  {
    title: 'img/s',
    text: ({ images_per_second }) => (images_per_second === null ? NO_VALUE : count(images_per_second)),
    align: 'right',
    dispensable: 2,
  },
  { title: 'ETA', text: ({ eta_s }) => (eta_s === null ? NO_VALUE : duration(eta_s)), align: 'right' },
  { title: 'host', text: ({ host }) => host ?? NO_VALUE, dispensable: 3 },
];
const TASK_COLUMN: Column<RunState> = {
  title: 'Slurm',
  text: ({ task }) => (task === null ? NO_VALUE : taskText(task)),
};

function statusText(state: ExperimentState, width: number): string {
  const counts = (['done', 'running', 'failed', 'interrupted', 'waiting', 'damaged'] as const)
    .filter((key) => state[key] > 0)
    .map((key) => `${state[key]} ${key}`);
  const open = state.running + state.waiting + state.interrupted > 0;
  const errors = state.runs.flatMap(({ run, error }) =>
    error === null ? [] : [cut(oneLine(`${run}: ${error.split('\n')[0]}`), width)],
  );
  const submitted = state.runs.some(({ task }) => task !== null);
  return [
    formatTable(submitted ? [...COLUMNS, TASK_COLUMN] : COLUMNS, state.runs, width),
    '',
    `${counts.join(', ')}${open ? `; left: ${duration(state.eta_s)}` : ''}`,
    ...errors,
  ].join('\n');
}
