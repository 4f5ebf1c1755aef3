import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { makeFolder } from '../../base/files/makeFolder.ts';
import { UserError } from '../../base/userError.ts';
import { loadDataset } from '../../experiment/data/loadDataset.ts';
import { resultsLayout } from '../../experiment/results/layout.ts';
import { lockResults } from '../../experiment/status/resultsLock.ts';
import type { Experiment } from '../../experiment/sweep/loadExperiment.ts';
import { ensureEngine } from '../../train/engine/install/ensureEngine.ts';
import { secondsLeft } from '../longestFirst.ts';
import { planExperiment } from '../runExperiment.ts';
import { jobScript } from './jobScript.ts';
import { hasSlurm, slurm } from './slurmCommands.ts';
import type { SlurmOptions } from './slurmOptions.ts';
import { jobsOf, readSubmission, type Submission, slurmLayout, writeSubmission } from './submission.ts';
import { submissionState } from './taskStates.ts';

export interface SubmitOptions
  extends Pick<
    Submission,
    'jobs' | 'threads' | 'device' | 'retry_failed' | 'fail_fast' | 'tensorboard' | 'train_only'
  > {
  slurm: SlurmOptions;
  /** Script of this program, which the jobs start with `slurm-task`. */
  program: string;
  onMessage(message: string): void;
}

/**
 * Submits the runs that are not finished as an array job, and the analysis as a job that waits for its end; returns what was
 * submitted. Either both are or none. Throws UserError where Slurm is missing or refuses, where jobs of the folder are still to run,
 * and where the engine or a data set is missing: the nodes may not reach what they come from.
 */
export async function submitExperiment(experiment: Experiment, options: SubmitOptions): Promise<Submission> {
  const layout = resultsLayout(experiment.outDir);
  slurm('sbatch', ['--version']);
  const planned = planExperiment(experiment, layout, options.retry_failed);
  refuseWhileSubmitted(layout.dir);
  const release = await lockResults(layout.dir, { onWait: options.onMessage });
  try {
    const open = planned.filter(({ task }) => !task.startsWith('skip')).map(({ run }) => run);
    const datasets = new Set(open.map(({ config }) => config.dataset));
    for (const dataset of datasets) loadDataset(dataset, { trainImages: 1, testImages: 1 });
    await ensureEngine({ onMessage: options.onMessage });

    writeFileAtomic(layout.experiment, experiment.resolvedYaml);
    const { slurm: slurmOptions, program, train_only, onMessage: _, ...stored } = options;
    const setting = { jobs: options.jobs, threads: options.threads, device: options.device };
    const seconds = secondsLeft(
      planned.filter(({ task }) => !task.startsWith('skip')),
      setting,
    );
    const secondsOfRuns = new Map([...seconds].map(([{ run }, left]) => [run.id, left]));
    const submission: Submission = {
      config_file: experiment.configPath,
      overrides: experiment.overrides,
      submitted_at: new Date().toISOString(),
      tasks: inTasks(secondsOfRuns, slurmOptions.pack),
      ...stored,
      timeouts: slurmOptions.timeouts,
      train_only,
      train_job: null,
      analysis_job: null,
    };
    if (open.length === 0 && train_only) return submission;
    writeScripts(experiment.name, layout.dir, submission, slurmOptions, program);
    writeSubmission(layout.dir, submission);
    submit(layout.dir, submission);
    return submission;
  } finally {
    release();
  }
}

/** Throws UserError while jobs that were submitted for the folder wait or run. Results copied to a machine without Slurm have none. */
export function refuseWhileSubmitted(dir: string): void {
  const submission = readSubmission(dir);
  if (submission === null || !hasSlurm()) return;
  const jobs = jobsOf(submission);
  if (jobs.length === 0 || !submissionState(submission).active) return;
  throw new UserError(
    `results folder must not be in use, got ${dir}: Slurm has jobs ${jobs.join(' and ')} for it`,
    `Watch them with phasewatch status ${dir} --watch, or end them with phasewatch cancel ${dir}`,
  );
}

/**
 * Returns the runs in tasks of at most `pack`, so that the tasks take about as long as each other: the longest run first, each to the task
 * that has least to do. The longest tasks come first.
 */
export function inTasks(secondsOfRuns: ReadonlyMap<string, number>, pack: number): string[][] {
  const tasks = Array.from({ length: Math.ceil(secondsOfRuns.size / pack) }, () => ({
    runs: [] as string[],
    seconds: 0,
  }));
  for (const [run, seconds] of [...secondsOfRuns].sort(([, a], [, b]) => b - a)) {
    const [task] = tasks.filter(({ runs }) => runs.length < pack).sort((a, b) => a.seconds - b.seconds);
    task!.runs.push(run);
    task!.seconds += seconds;
  }
  return tasks.sort((a, b) => b.seconds - a.seconds).map(({ runs }) => runs);
}

function writeScripts(
  name: string,
  dir: string,
  submission: Submission,
  options: SlurmOptions,
  program: string,
): void {
  const command = [process.execPath, ...process.execArgv, program, 'slurm-task', dir];
  const files = slurmLayout(dir);
  const { threads, jobs, tasks } = submission;
  const common = { logs: files.logs, processors: threads === null ? null : threads * jobs };
  makeFolder(files.logs);
  const train = jobScript({
    ...common,
    name,
    tasks: tasks.length,
    options: options.sbatch,
    command: [...command, 'train'],
  });
  // What only an array can have, or what the array waits for, is not the analysis's.
  const { array: _, dependency: __, ...shared } = options.sbatch;
  const analysis = jobScript({
    ...common,
    name: `${name}-analysis`,
    tasks: null,
    options: { ...shared, ...options.analysis },
    command: [...command, 'analyze'],
  });
  writeFileAtomic(files.trainScript, train);
  writeFileAtomic(files.analysisScript, analysis);
}

/** Submits, and writes each id down at once: what has an id can be watched and cancelled. */
function submit(dir: string, submission: Submission): void {
  const files = slurmLayout(dir);
  if (submission.tasks.length > 0) {
    submission.train_job = jobId(slurm('sbatch', ['--parsable', files.trainScript]));
    writeSubmission(dir, submission);
  }
  if (submission.train_only) return;
  const after = submission.train_job === null ? [] : [`--dependency=afterany:${submission.train_job}`];
  try {
    submission.analysis_job = jobId(slurm('sbatch', ['--parsable', ...after, files.analysisScript]));
  } catch (error) {
    if (submission.train_job !== null) slurm('scancel', [submission.train_job]);
    throw error;
  }
  writeSubmission(dir, submission);
}

/** `--parsable` prints the id, with the name of the cluster behind it where there are several. */
function jobId(printed: string): string {
  const id = printed.trim().split('\n').at(-1)!.split(';')[0]!;
  if (!/^\d+$/.test(id)) throw new Error(`sbatch must print the id of the job, got ${printed}`);
  return id;
}
