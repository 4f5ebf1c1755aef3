import { UserError } from '../../base/userError.ts';
import { type ResultsLayout, resultsLayout } from '../../experiment/results/layout.ts';
import { lockResults } from '../../experiment/status/resultsLock.ts';
import type { RunExperimentOptions, RunSummary } from '../../experiment/status/runEvents.ts';
import { type Experiment, loadExperiment } from '../../experiment/sweep/loadExperiment.ts';
import { type Finished, finishResults } from '../finishResults.ts';
import { planExperiment, summarize, trainAndAnalyze } from '../runExperiment.ts';
import { readSubmission, type Submission } from './submission.ts';

/** What a job of a submission works on. */
export interface SubmittedWork {
  layout: ResultsLayout;
  submission: Submission;
  /** The experiment of the folder, with the runs of this task only; all of them for the analysis. */
  experiment: Experiment;
}

/** Returns the work of a job: of a task of the array by its number, of the analysis for null. */
export function submittedWork(dir: string, task: number | null): SubmittedWork {
  const submission = readSubmission(dir);
  if (submission === null) throw new UserError(`results folder must have slurm/submission.json, got ${dir}`);
  const layout = resultsLayout(dir);
  const stored = loadExperiment(layout.experiment, { out: dir });
  const experiment = { ...stored, configPath: submission.config_file, overrides: submission.overrides };
  if (task === null) return { layout, submission, experiment };
  const wanted = submission.tasks[task];
  if (wanted === undefined) {
    throw new UserError(`task must be 0 to ${submission.tasks.length - 1}, got ${task}`);
  }
  const runs = experiment.runs.filter(({ id }) => wanted.includes(id));
  return { layout, submission, experiment: { ...experiment, runs } };
}

/** Trains the runs of a task that are not finished and returns how all of them stand. Other tasks may be at work in the folder. */
export async function trainSubmitted(
  { layout, submission, experiment }: SubmittedWork,
  options: RunExperimentOptions,
): Promise<RunSummary[]> {
  const planned = planExperiment(experiment, layout, submission.retry_failed);
  const trained = await trainAndAnalyze(experiment, planned, options);
  return planned.map((one) => summarize(one, trained.has(one.run.id)));
}

/** Does what follows the training of a submission, whatever became of that. */
export async function analyzeSubmitted(
  { layout, experiment }: SubmittedWork,
  options: RunExperimentOptions,
): Promise<Finished> {
  const { signal, onEvent } = options;
  const release = await lockResults(layout.dir, {
    signal,
    onWait: (message) => onEvent({ type: 'note', message }),
  });
  try {
    return await finishResults(experiment, layout, options);
  } finally {
    release();
  }
}

/**
 * Returns the threads of a run where none were asked for: the processors that Slurm gave the task, shared by its jobs; null outside of
 * Slurm.
 */
export function threadsOfTask(jobs: number, env: NodeJS.ProcessEnv): number | null {
  const processors = Number(env.SLURM_CPUS_PER_TASK ?? env.SLURM_CPUS_ON_NODE);
  return Number.isInteger(processors) ? Math.max(1, Math.floor(processors / jobs)) : null;
}
