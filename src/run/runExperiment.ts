import { relative } from 'node:path';
import { analyzeResults, pruneSnapshots } from '../analyze/analyzeResults.ts';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import { UserError } from '../base/userError.ts';
import type { AnalysisConfig, RunConfig } from '../experiment/config/schema.ts';
import type { Dataset } from '../experiment/data/dataset.ts';
import { loadDataset } from '../experiment/data/loadDataset.ts';
import { readOrElse } from '../experiment/results/damage.ts';
import { type ResultsLayout, type RunLayout, resultsLayout } from '../experiment/results/layout.ts';
import { accuracyGap } from '../experiment/results/metricsRow.ts';
import { collectEnvironment, type Source } from '../experiment/results/provenance.ts';
import { readMetrics } from '../experiment/results/readMetrics.ts';
import { type RunStatus, readStatus } from '../experiment/results/runStatus.ts';
import { storeChoice } from '../experiment/status/executorFile.ts';
import { lockResults } from '../experiment/status/resultsLock.ts';
import type { RunExperimentOptions, RunOutcome, RunSummary } from '../experiment/status/runEvents.ts';
import {
  addLayers,
  isFinished,
  planRun,
  type RunTask,
  readStoredRun,
} from '../experiment/status/runFolder.ts';
import type { Experiment, ExperimentRun } from '../experiment/sweep/loadExperiment.ts';
import { availableLinearAlgebra, slowSolverRemark } from '../train/engine/availableLinearAlgebra.ts';
import { ensureEngine } from '../train/engine/install/ensureEngine.ts';
import { loadEngine } from '../train/engine/loadEngine.ts';
import { writeReport } from '../view/page/writeReport.ts';
import { whileAnalyzing } from './analyzerProcess.ts';
import { runInChildren } from './childExecutor.ts';
import { engineOptions, engineVersions } from './engineOptions.ts';
import { longestFirst } from './longestFirst.ts';
import { recordedRun } from './recordedRun.ts';
import { requireMemory } from './requireMemory.ts';
import { trainingData } from './runInProcess.ts';
import { evaluateTruncated } from './truncation/evaluateTruncated.ts';

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
    const trained = await trainAndAnalyze(experiment, planned, options);
    const runs = planned.map((one) => summarize(one, trained.has(one.run.id)));
    const done = (): boolean => options.trainOnly || signal.aborted;
    if (done()) {
      return { runs, layers: [], skippedLayers: 0, damage: [], report: null, interrupted: signal.aborted };
    }
    await evaluateTruncatedRuns(planned, experiment.analysis, layout, options);
    const analyzed = await analyzeExperiment(experiment, layout, options);
    if (done()) return { runs, ...analyzed, damage: [], report: null, interrupted: true };
    const damage: string[] = [];
    const report = writeReport(layout.dir, (message) => damage.push(message));
    onEvent({ type: 'report', path: report });
    return { runs, ...analyzed, damage, report, interrupted: false };
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

/**
 * Trains as `trainExperiment` does while another process analyzes each snapshot that is written, unless only training is asked for. What
 * that process does not get to, because it dies or has no core to itself, the analysis at the end does.
 */
export async function trainAndAnalyze(
  experiment: Experiment,
  planned: readonly PlannedRun[],
  options: RunExperimentOptions,
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
  options: RunExperimentOptions,
): Promise<Set<string>> {
  const { threads, device, signal, failFast, program, onEvent } = options;
  const skipped = planned.filter(({ task }) => task.startsWith('skip'));
  const open = planned.filter(({ task }) => !task.startsWith('skip'));
  for (const one of skipped) {
    const { run, files, task } = one;
    const added = task === 'skip-done' ? addLayers(files, run.config) : [];
    if (added.length > 0) {
      onEvent({ type: 'note', message: `added ${added.join(', ')} to the snapshots of run ${run.id}` });
    }
    const { epoch, test_accuracy: testAccuracy } = summarize(one, false);
    const state = task === 'skip-failed' ? 'failed' : 'done';
    onEvent({ type: 'run-skipped', run: run.id, state, epoch, testAccuracy });
  }
  if (open.length === 0) return new Set();
  await requireMemory(
    open.map(({ run }) => run.config),
    options,
  );
  if (options.choice) storeChoice(resultsLayout(options.outDir), options.choice);
  try {
    await ensureEngine({ onMessage: (message) => onEvent({ type: 'engine', message }), signal });
  } catch (error) {
    if (signal.aborted) return new Set();
    throw error;
  }
  const source: Source = {
    config_file: relative(process.cwd(), experiment.configPath),
    overrides: experiment.overrides,
    command: process.argv.slice(2).join(' '),
  };
  if (options.jobs > 1) {
    if (program === null) throw new RangeError('program must be given for several jobs, got null');
    const tasks = longestFirst(open, options).map(({ run, files }) => ({
      run: run.id,
      dir: files.dir,
      config: run.config,
      source,
      threads,
      device,
    }));
    const ended = await runInChildren(tasks, { jobs: options.jobs, program, failFast, signal, onEvent });
    return new Set(ended.keys());
  }

  const trained = new Set<string>();
  const configs = open.map(({ run }) => run.config);
  const engine = loadEngine(engineOptions({ threads, device }, configs));
  const environment = collectEnvironment({ engine: engineVersions(engine), threads, device });
  const datasets = new DatasetCache();
  for (const { run, files } of open) {
    if (signal.aborted) break;
    trained.add(run.id);
    const status = await recordedRun({
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

/** Measures the errors of networks with layers cut to their tails, of the runs that keep their parameters. */
async function evaluateTruncatedRuns(
  planned: readonly PlannedRun[],
  { fit }: AnalysisConfig,
  layout: ResultsLayout,
  { threads, device, signal, onEvent }: RunExperimentOptions,
): Promise<void> {
  const datasets = new DatasetCache();
  for (const { run } of planned) {
    const { id, config } = run;
    if (!config.snapshots.network || signal.aborted) continue;
    await evaluateTruncated(layout, id, {
      config,
      fit,
      data: () => trainingData(datasets.get(config), config),
      binding: () => loadEngine(engineOptions({ threads, device }, [config])).binding,
      algebra: availableLinearAlgebra(threads ?? undefined),
      signal,
      onEpoch: (done, total) => onEvent({ type: 'truncate', done, total }),
    });
  }
}

/** Brings spectra.csv and esd/ up to date with the snapshots and returns the rows, and how many layers had to be left out. */
export async function analyzeExperiment(
  experiment: Experiment,
  layout: ResultsLayout,
  { threads, signal, onEvent }: Pick<RunExperimentOptions, 'threads' | 'signal' | 'onEvent'>,
): Promise<Pick<RunOutcome, 'layers' | 'skippedLayers'>> {
  let skippedLayers = 0;
  const algebra = availableLinearAlgebra(threads ?? undefined);
  const remark = slowSolverRemark(algebra);
  if (remark !== null) onEvent({ type: 'note', message: remark });
  const ids = experiment.runs.map(({ id }) => id);
  const layers = await analyzeResults(layout, ids, experiment.analysis, {
    algebra,
    signal,
    onProgress: (done, total) => onEvent({ type: 'analyze', done, total }),
    onSkip: (message) => {
      skippedLayers++;
      onEvent({ type: 'layer-skipped', message });
    },
    onNote: (message) => onEvent({ type: 'note', message }),
  });
  if (!signal.aborted) {
    for (const { id, config } of experiment.runs) pruneSnapshots(layout, id, config.snapshots.keep);
  }
  return { layers, skippedLayers };
}

/** Data sets of the sweep, each read once. */
class DatasetCache {
  private readonly loaded = new Map<string, Dataset>();

  get({ dataset, trainImages, testImages }: RunConfig): Dataset {
    const key = JSON.stringify([dataset, trainImages, testImages]);
    let found = this.loaded.get(key);
    if (found === undefined) {
      found = loadDataset(dataset, { trainImages, testImages });
      this.loaded.set(key, found);
    }
    return found;
  }
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
