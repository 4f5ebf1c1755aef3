import { existsSync, mkdirSync } from 'node:fs';
import { analyzeResults, pruneSnapshots } from '../analyze/analyzeResults.ts';
import type { RunConfig } from '../config/schema.ts';
import type { Dataset } from '../data/dataset.ts';
import { loadDataset } from '../data/loadDataset.ts';
import type { Engine } from '../engine/engineTypes.ts';
import { ensureEngine } from '../engine/ensureEngine.ts';
import { loadEngine } from '../engine/loadEngine.ts';
import { nativeLinearAlgebra } from '../engine/nativeLinearAlgebra.ts';
import { writeFileAtomic } from '../files/atomicWrite.ts';
import { UserError } from '../files/userError.ts';
import { writeReport } from '../report/writeReport.ts';
import { readMetricsCsv } from '../results/csvFiles.ts';
import { type RunLayout, resultsLayout } from '../results/layout.ts';
import type { RunStatus } from '../results/runStatus.ts';
import type { Experiment, ExperimentRun } from './loadExperiment.ts';
import type { RunExperimentOptions, RunOutcome, RunSummary } from './runEvents.ts';
import { planRun, type RunTask, readStoredRun } from './runFolder.ts';
import { runInProcess } from './runInProcess.ts';

/**
 * Trains every run of the experiment that is not finished, one after the other, then analyzes all snapshots and writes the report.
 * A run that fails does not stop the others. Throws UserError before anything is written when the folder holds other results.
 */
export async function runExperiment(
  experiment: Experiment,
  options: RunExperimentOptions,
): Promise<RunOutcome> {
  const layout = resultsLayout(options.outDir);
  const plans = experiment.runs.map((run) => {
    const files = layout.run(run.id);
    return {
      run,
      files,
      plan: planRun(run.id, files, run.config, readStoredRun(files), options.retryFailed),
    };
  });
  const engine = await startEngine(options);
  mkdirSync(layout.dir, { recursive: true });
  writeFileAtomic(layout.experiment, experiment.resolvedYaml);

  const trained = new Set<string>();
  const datasets = new DatasetCache();
  for (const { run, files, plan } of plans) {
    if (options.signal.aborted) break;
    if (plan.startsWith('skip')) {
      options.onEvent({ type: 'run-skipped', run: run.id });
      continue;
    }
    trained.add(run.id);
    const status = await runInProcess({
      run: run.id,
      files,
      config: run.config,
      dataset: datasets.get(run.config),
      binding: engine.binding,
      signal: options.signal,
      onEvent: options.onEvent,
    });
    if (status.state === 'failed' && options.failFast) break;
  }
  const runs = plans.map((planned) => summarize(planned, trained.has(planned.run.id)));
  const interrupted = options.signal.aborted;
  if (options.trainOnly || interrupted) return { runs, layers: [], report: null, interrupted };

  const layers = await analyzeResults(
    layout,
    experiment.runs.map(({ id }) => id),
    experiment.analysis,
    {
      algebra: nativeLinearAlgebra(engine.binding),
      signal: options.signal,
      onProgress: (done, total) => options.onEvent({ type: 'analyze', done, total }),
    },
  );
  for (const { id, config } of experiment.runs) {
    if (!options.signal.aborted) pruneSnapshots(layout, id, config.snapshots.keep);
  }
  const report = writeReport(layout.dir);
  options.onEvent({ type: 'report', path: report });
  return { runs, layers, report, interrupted: options.signal.aborted };
}

async function startEngine({ threads, device, onEvent }: RunExperimentOptions): Promise<Engine> {
  await ensureEngine({ onMessage: (message) => onEvent({ type: 'engine', message }) });
  return loadEngine({
    ...(threads === null ? {} : { threads }),
    ...(device === null ? {} : { device: parseDevice(device) }),
  });
}

function parseDevice(device: string): 'cpu' | number {
  if (device === 'cpu') return 'cpu';
  const gpu = /^gpu:(\d+)$/.exec(device);
  if (gpu === null) throw new UserError(`device must be cpu or gpu:<number>, got ${device}`);
  return Number(gpu[1]);
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

function summarize(
  { run, files }: { run: ExperimentRun; files: RunLayout; plan: RunTask },
  trained: boolean,
): RunSummary {
  const status: RunStatus | null = readStoredRun(files)?.status ?? null;
  const row = existsSync(files.metrics) ? readMetricsCsv(files.metrics).at(-1) : undefined;
  const train = row?.train_accuracy ?? null;
  const test = row?.test_accuracy ?? null;
  return {
    run: run.id,
    state: status === null || status.state === 'running' ? 'waiting' : status.state,
    epoch: row?.epoch ?? 0,
    epochs: run.config.epochs,
    train_accuracy: train,
    test_accuracy: test,
    generalization_gap: train === null || test === null ? null : train - test,
    images_per_second: row?.images_per_second ?? null,
    stopped_early: status?.stopped_early ?? false,
    error: status?.error ?? null,
    trained,
  };
}
