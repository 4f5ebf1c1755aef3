import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { analyzeCheckpoints } from '../analyze/analyzeCheckpoints.ts';
import { type AnalyzeOptions, analyzeResults } from '../analyze/analyzeResults.ts';
import type { SnapshotReading } from '../analyze/analyzeRun.ts';
import type { LayerChoice } from '../analyze/layerChoice.ts';
import { relabelResults } from '../analyze/relabelResults.ts';
import { UserError } from '../base/userError.ts';
import { type ResultsLayout, resultsLayout } from '../experiment/results/layout.ts';
import { experimentRuns } from '../experiment/status/experimentRuns.ts';
import { lockResults } from '../experiment/status/resultsLock.ts';
import { loadExperiment } from '../experiment/sweep/loadExperiment.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import type { ProgressLine } from '../view/terminal/progressLine.ts';
import { findCheckpoints } from '../weights/findCheckpoints.ts';
import { type Analyzed, nothingAnalyzed } from './analyzeFiles.ts';
import { type AnalyzeArgs, analysisOf } from './analyzeOptions.ts';
import { interruptSignal } from './interrupt.ts';

export interface FolderTools {
  algebra: LinearAlgebra;
  choice: LayerChoice;
  progress: ProgressLine;
}

/** What came of a folder, and whether it was interrupted. */
export type FolderAnalysis = Analyzed & { interrupted: boolean };

/** Brings spectra.csv of a results folder up to date. */
export async function analyzeFolder(
  dir: string,
  args: AnalyzeArgs,
  tools: FolderTools,
): Promise<FolderAnalysis> {
  if (args.layers !== undefined || args.type !== undefined || args.conv !== 'slices') {
    throw new UserError(
      `--layers, --type and --conv must be left out for a results folder, got ${dir}`,
      'Layers are added with phasewatch run CONFIG --set snapshots.layers=...; or name its snapshots instead: results/quick/runs/*/snapshots/*.safetensors',
    );
  }
  const layout = resultsLayout(resolve(dir));
  const stored = existsSync(layout.experiment)
    ? loadExperiment(layout.experiment, { out: layout.dir }).analysis
    : {};
  const analysis = analysisOf(args, stored);
  return underLock(layout, tools, (options) =>
    args.fromEigenvalues
      ? relabelResults(layout, analysis)
      : analyzeResults(layout, [...experimentRuns(layout).keys()], analysis, options),
  );
}

/** Analyzes the checkpoints that the paths mean into the results folder `out`. One that cannot be read does not stop the others. */
export async function analyzeIntoFolder(
  out: string,
  args: AnalyzeArgs,
  tools: FolderTools,
): Promise<FolderAnalysis> {
  const layout = resultsLayout(out);
  if (existsSync(layout.experiment)) {
    throw new UserError(`--out must be a folder of its own, got that of a sweep: ${out}`);
  }
  const results = args.path.find((path) => existsSync(resultsLayout(path).runs));
  if (results !== undefined) {
    throw new UserError(
      `--out must be left out for a results folder, got ${results}`,
      `phasewatch analyze ${results}`,
    );
  }
  const { found, passedOver } = findCheckpoints(args.path, args.epochFrom ?? null);
  const failed: Analyzed['failed'] = [];
  const analyzed = await underLock(layout, tools, (options) =>
    analyzeCheckpoints(found, layout, analysisOf(args, {}), {
      ...options,
      reading: readingOf(args, tools),
      onUnreadable: (file, error) => failed.push({ file, error }),
    }),
  );
  // Layers of files that were not opened again.
  for (const { layer } of analyzed.layers) tools.choice.names(layer);
  return { ...analyzed, failed, passedOver };
}

/** The choice of the options, for the walk over snapshots. */
function readingOf(
  { layers, type, minEvals, maxEvals, conv }: AnalyzeArgs,
  { choice }: FolderTools,
): SnapshotReading {
  const asked = Object.entries({
    layers,
    type,
    minEvals,
    maxEvals,
    conv: conv === 'slices' ? undefined : conv,
  });
  const given = asked.filter(([, value]) => value !== undefined);
  return {
    conv,
    wants: choice.wants,
    key: given.length === 0 ? '' : JSON.stringify(Object.fromEntries(given)),
  };
}

/**
 * Calls an analysis of a results folder, which is locked, so that an interrupt lets it end in order. Weights files leave nothing to put in
 * order, and the solver in TypeScript gives JavaScript no turn for minutes: there nobody listens, and the signal ends the process itself, at
 * once.
 */
async function underLock(
  layout: ResultsLayout,
  { algebra, progress }: FolderTools,
  analyze: (options: AnalyzeOptions) => Promise<SpectrumRow[]> | SpectrumRow[],
): Promise<FolderAnalysis> {
  const interrupt =
    algebra.name === 'native'
      ? interruptSignal(() => progress.log('interrupted: finishing the layer at hand'))
      : { signal: new AbortController().signal, release: () => {} };
  const { signal } = interrupt;
  const analyzed = nothingAnalyzed();
  try {
    const release = await lockResults(layout.dir, { signal, onWait: (message) => progress.log(message) });
    try {
      const rows = await analyze({
        algebra,
        signal,
        onProgress: (done, total) => progress.update(`analyzing ${done}/${total}`),
        onSkip: (message) => {
          analyzed.skipped.push({ file: layout.dir, layer: '', reason: message, refused: true });
          progress.log(message);
        },
        onNote: (message) => progress.log(message),
      });
      for (const row of rows) analyzed.layers.push({ ...row, file: fileOf(layout, row) });
    } finally {
      release();
    }
  } finally {
    interrupt.release();
  }
  return { ...analyzed, interrupted: signal.aborted };
}

/** Rows of earlier versions do not say of which file they are. */
function fileOf(layout: ResultsLayout, { file, run, epoch }: SpectrumRow): string {
  return typeof file === 'string' ? resolve(layout.dir, file) : layout.run(run!).snapshot(epoch!);
}
