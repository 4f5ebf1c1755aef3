import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { analyzeResults, pruneSnapshots } from '../analyze/analyzeResults.ts';
import { CHECKSUMS_FILE } from '../base/files/checksums.ts';
import type { RunConfig } from '../experiment/config/schema.ts';
import type { ResultsLayout } from '../experiment/results/layout.ts';
import type { RunEvent, RunExperimentOptions, RunOutcome } from '../experiment/status/runEvents.ts';
import { addLayers } from '../experiment/status/runFolder.ts';
import type { Experiment } from '../experiment/sweep/loadExperiment.ts';
import { availableLinearAlgebra, slowSolverRemark } from '../train/engine/availableLinearAlgebra.ts';
import type { Engine } from '../train/engine/engineTypes.ts';
import { loadEngine, loadedEngine } from '../train/engine/loadEngine.ts';
import { writeReport } from '../view/page/writeReport.ts';
import { engineOptions } from './engineOptions.ts';
import { Datasets, trainingData } from './trainingData.ts';
import { evaluateTruncated } from './truncation/evaluateTruncated.ts';

export interface FinishOptions
  extends Pick<RunExperimentOptions, 'threads' | 'device' | 'signal' | 'onEvent'> {
  /** What was read of the data sets before. */
  datasets?: Datasets;
}

/** What is left of a sweep when its runs are trained. */
export type Finished = Pick<RunOutcome, 'layers' | 'skippedLayers' | 'damage' | 'report'>;

export const NOTHING_FINISHED: Finished = { layers: [], skippedLayers: 0, damage: [], report: null };

/**
 * Does all that follows the training, whoever trained and whatever became of it: adds the layers that finished runs lack, measures the
 * errors of networks cut to their tails, analyzes the snapshots, removes those that are not kept, and writes the report. What was done
 * before is not done again. The caller holds the lock of the folder.
 */
export async function finishResults(
  experiment: Experiment,
  layout: ResultsLayout,
  options: FinishOptions,
): Promise<Finished> {
  const { signal, onEvent } = options;
  addMissingLayers(experiment, layout, onEvent);
  await measureTruncated(experiment, layout, options);
  const analyzed = await analyzeSnapshots(experiment, layout, options);
  if (signal.aborted) return { ...NOTHING_FINISHED, ...analyzed };
  for (const { id, config } of experiment.runs) pruneSnapshots(layout, id, config.snapshots.keep);
  const damage: string[] = [];
  const report = writeReport(layout.dir, (message) => damage.push(message));
  onEvent({ type: 'report', path: report });
  return { ...analyzed, damage, report };
}

/**
 * Returns whether the report is there, and nothing has come since that it is made of: no snapshot, no run that has ended. The
 * checksums go with the first row of spectra.csv that is added.
 */
export function isReported({ runs }: Experiment, layout: ResultsLayout): boolean {
  const time = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const inputs = runs.map(({ id }) => layout.run(id)).flatMap(({ snapshots, status }) => [snapshots, status]);
  const sums = join(layout.dir, CHECKSUMS_FILE);
  return existsSync(sums) && [sums, ...inputs].every((path) => time(layout.report) >= time(path));
}

/** Adds the layers that finished runs lack to their snapshots. */
export function addMissingLayers(
  { runs }: Experiment,
  layout: ResultsLayout,
  onEvent: (event: RunEvent) => void,
): void {
  for (const { id, config } of runs) {
    const added = addLayers(layout.run(id), config);
    if (added.length === 0) continue;
    onEvent({ type: 'note', message: `added ${added.join(', ')} to the snapshots of run ${id}` });
  }
}

/** Measures the errors of networks with layers cut to their tails, of the runs that keep their parameters. */
async function measureTruncated(
  { runs, analysis: { fit } }: Experiment,
  layout: ResultsLayout,
  { threads, device, signal, onEvent, datasets = new Datasets() }: FinishOptions,
): Promise<void> {
  const kept = runs.filter(({ config }) => config.snapshots.network);
  const configs = kept.map(({ config }) => config);
  for (const { id, config } of kept) {
    if (signal.aborted) return;
    await evaluateTruncated(layout, id, {
      config,
      fit,
      data: () => trainingData(datasets.get(config), config),
      binding: () => measuringEngine(configs, { threads, device }).binding,
      algebra: availableLinearAlgebra(threads ?? undefined),
      signal,
      onEpoch: (done, total) => onEvent({ type: 'truncate', done, total }),
    });
  }
}

/**
 * Returns one engine for all: that of the training, where it was in this process. A process has TensorFloat-32 or not: it is used where
 * all were trained with it.
 */
function measuringEngine(
  configs: readonly RunConfig[],
  where: Pick<FinishOptions, 'threads' | 'device'>,
): Engine {
  const uniform = configs.every(({ precision }) => precision === 'tf32')
    ? configs
    : configs.map((config) => ({ ...config, precision: 'float32' as const }));
  return loadedEngine() ?? loadEngine(engineOptions(where, uniform));
}

/** Brings spectra.csv and esd/ up to date with the snapshots and returns the rows, and how many layers had to be left out. */
async function analyzeSnapshots(
  { runs, analysis }: Experiment,
  layout: ResultsLayout,
  { threads, signal, onEvent }: FinishOptions,
): Promise<Pick<Finished, 'layers' | 'skippedLayers'>> {
  let skippedLayers = 0;
  const algebra = availableLinearAlgebra(threads ?? undefined);
  const remark = slowSolverRemark(algebra);
  if (remark !== null) onEvent({ type: 'note', message: remark });
  const ids = runs.map(({ id }) => id);
  const layers = await analyzeResults(layout, ids, analysis, {
    algebra,
    signal,
    onProgress: (done, total) => onEvent({ type: 'analyze', done, total }),
    onSkip: (message) => {
      skippedLayers++;
      onEvent({ type: 'layer-skipped', message });
    },
    onNote: (message) => onEvent({ type: 'note', message }),
  });
  return { layers, skippedLayers };
}
