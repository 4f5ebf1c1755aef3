import { relative } from 'node:path';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import { UserError } from '../base/userError.ts';
import { gpuMemoryFraction } from '../experiment/plan/trainingMemory.ts';
import { readOrElse } from '../experiment/results/damage.ts';
import { type ResultsLayout, type RunLayout, resultsLayout } from '../experiment/results/layout.ts';
import { accuracyGap } from '../experiment/results/metricsRow.ts';
import { collectEnvironment, type Source } from '../experiment/results/provenance.ts';
import { readMetrics } from '../experiment/results/readMetrics.ts';
import { type RunStatus, readStatus } from '../experiment/results/runStatus.ts';
import { storeChoice } from '../experiment/status/executorFile.ts';
import { lockResults } from '../experiment/status/resultsLock.ts';
import type { RunExperimentOptions, RunOutcome, RunSummary } from '../experiment/status/runEvents.ts';
import { isFinished, planRun, type RunTask, readStoredRun } from '../experiment/status/runFolder.ts';
import type { Experiment, ExperimentRun } from '../experiment/sweep/loadExperiment.ts';
import { ensureEngine } from '../train/engine/install/ensureEngine.ts';
import { loadEngine } from '../train/engine/loadEngine.ts';
import { whileAnalyzing } from './analyzerProcess.ts';
import { runInChildren } from './childExecutor.ts';
import { engineOptions, engineVersions } from './engineOptions.ts';
import { addMissingLayers, finishResults, NOTHING_FINISHED } from './finishResults.ts';
import { longestFirst } from './longestFirst.ts';
import { requireMemory } from './requireMemory.ts';
import { runInProcess } from './runInProcess.ts';
import { Datasets } from './trainingData.ts';

export interface PlannedRun {
  run: ExperimentRun;
  files: RunLayout;
  task: RunTask;
}

/**
 * Trains every run of the experiment that is not finished, then analyzes all snapshots and writes the report. A run that fails does
 * not stop the others. Throws UserError before anything is written when the folder holds other results or is in use.
 */
export async function runExperiment(
  experiment: Experiment,
  options: RunExperimentOptions,
): Promise<RunOutcome> {
  const layout = resultsLayout(options.outDir);
  const planned = planExperiment(experiment, layout, options.retryFailed);
  const { signal, onEvent } = options;
  const release = await lockResults(layout.dir, {
    signal,
    onWait: (message) => onEvent({ type: 'note', message }),
  });
  try {
    writeFileAtomic(layout.experiment, experiment.resolvedYaml);
    const datasets = new Datasets();
    const trained = await trainAndAnalyze(experiment, planned, { ...options, datasets });
    const runs = planned.map((one) => summarize(one, trained.has(one.run.id)));
    if (options.trainOnly) addMissingLayers(experiment, layout, onEvent);
    if (options.trainOnly || signal.aborted)
      return { runs, ...NOTHING_FINISHED, interrupted: signal.aborted };
    const finished = await finishResults(experiment, layout, { ...options, datasets });
    return { runs, ...finished, interrupted: signal.aborted };
  } finally {
    release();
  }
}

/** Returns what is left to do for each run. Throws UserError with all runs that the folder holds with other settings. */
export function planExperiment(
  experiment: Experiment,
  layout: ResultsLayout,
  retryFailed: boolean,
): PlannedRun[] {
  const conflicts: UserError[] = [];
  const planned = experiment.runs.flatMap((run): PlannedRun[] => {
    const files = layout.run(run.id);
    try {
      return [{ run, files, task: planRun(run.id, files, run.config, readStoredRun(files), retryFailed) }];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      conflicts.push(error);
      return [];
    }
  });
  if (conflicts.length > 1) {
    throw new UserError(
      conflicts.flatMap(({ lines }) => lines),
      conflicts[0]!.remedy,
    );
  }
  if (conflicts.length === 1) throw conflicts[0];
  return planned;
}

interface TrainOptions extends RunExperimentOptions {
  /** Where what is read for the training is to be had afterwards. */
  datasets?: Datasets;
}

/**
 * Trains as `trainExperiment` does while another process analyzes each snapshot that is written, unless only training is asked for. What
 * that process does not get to, because it dies or has no core to itself, the analysis at the end does.
 */
export async function trainAndAnalyze(
  experiment: Experiment,
  planned: readonly PlannedRun[],
  options: TrainOptions,
): Promise<Set<string>> {
  const { trainOnly, program, outDir, onEvent } = options;
  if (trainOnly || program === null) return trainExperiment(experiment, planned, options);
  return whileAnalyzing(outDir, program, onEvent, (hear) =>
    trainExperiment(experiment, planned, { ...options, onEvent: hear }),
  );
}

/** Returns the ids of the runs that were trained now. */
async function trainExperiment(
  experiment: Experiment,
  planned: readonly PlannedRun[],
  options: TrainOptions,
): Promise<Set<string>> {
  const { threads, device, signal, failFast, program, onEvent, datasets = new Datasets() } = options;
  const skipped = planned.filter(({ task }) => task.startsWith('skip'));
  const open = planned.filter(({ task }) => !task.startsWith('skip'));
  for (const one of skipped) {
    const { epoch, test_accuracy: testAccuracy } = summarize(one, false);
    const state = one.task === 'skip-failed' ? 'failed' : 'done';
    onEvent({ type: 'run-skipped', run: one.run.id, state, epoch, testAccuracy });
  }
  if (open.length === 0) return new Set();
  const configs = open.map(({ run }) => run.config);
  const gpuBytes = await requireMemory(configs, options);
  if (options.choice) storeChoice(resultsLayout(options.outDir), options.choice);
  try {
    await ensureEngine({ onMessage: (message) => onEvent({ type: 'engine', message }), signal });
  } catch (error) {
    if (signal.aborted) return new Set();
    throw error;
  }
  const source = sourceOf(experiment);
  if (options.jobs > 1) {
    if (program === null) throw new RangeError('program must be given for several jobs, got null');
    const tasks = longestFirst(open, options).map(({ run, files }) => ({
      run: run.id,
      dir: files.dir,
      config: run.config,
      source,
      threads,
      device,
      gpuMemory:
        gpuBytes === null ? null : gpuMemoryFraction(run.config, configs, { jobs: options.jobs, gpuBytes }),
    }));
    const ended = await runInChildren(tasks, { jobs: options.jobs, program, failFast, signal, onEvent });
    return new Set(ended.keys());
  }

  const trained = new Set<string>();
  const engine = loadEngine(engineOptions({ threads, device }, configs));
  const environment = collectEnvironment({ engine: engineVersions(engine), threads, device });
  for (const { run, files } of open) {
    if (signal.aborted) break;
    trained.add(run.id);
    const status = await runInProcess({
      run: run.id,
      files,
      config: run.config,
      dataset: datasets.get(run.config),
      binding: engine.binding,
      environment,
      source,
      signal,
      onEvent,
    });
    if (status.state === 'failed' && failFast) break;
  }
  return trained;
}

/** Returns what asks for the training of the runs of an experiment: this command. */
export function sourceOf({ configPath, overrides }: Experiment): Source {
  return {
    config_file: relative(process.cwd(), configPath),
    overrides,
    command: process.argv.slice(2).join(' '),
  };
}

export function summarize({ run, files }: PlannedRun, trained: boolean): RunSummary {
  const damage: string[] = [];
  const onDamage = (_: string, error: UserError): number => damage.push(error.message);
  const status = readOrElse(files.status, () => readStatus(files.status), null, onDamage);
  const row = readOrElse(files.metrics, () => readMetrics(files, status), [], onDamage).at(-1);
  return {
    run: run.id,
    state: stateOf(status, run.config.epochs),
    epoch: row?.epoch ?? 0,
    epochs: run.config.epochs,
    train_accuracy: row?.train_accuracy ?? null,
    evaluated_train_accuracy: row?.evaluated_train_accuracy ?? null,
    test_accuracy: row?.test_accuracy ?? null,
    generalization_gap: row === undefined ? null : accuracyGap(row),
    images_per_second: row?.images_per_second ?? null,
    stopped_early: status?.stopped_early ?? false,
    warning: status?.warning ?? null,
    error: status?.error ?? damage[0] ?? null,
    trained,
  };
}

function stateOf(status: RunStatus | null, epochs: number): RunSummary['state'] {
  if (status === null || status.state === 'running') return 'waiting';
  return status.state === 'done' && !isFinished(status, epochs) ? 'waiting' : status.state;
}
