import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalJson } from '../base/canonicalJson.ts';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import { readSpectraCsv, writeMetricsCsv } from '../experiment/results/csvFiles.ts';
import { readOrElse } from '../experiment/results/damage.ts';
import { importMetrics } from '../experiment/results/importMetrics.ts';
import type { ResultsLayout } from '../experiment/results/layout.ts';
import { settingsOfName } from '../experiment/results/settingsOfName.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import type { Checkpoint } from '../weights/findCheckpoints.ts';
import { type AnalyzeOptions, analyzeSnapshots } from './analyzeResults.ts';
import type { Snapshot } from './analyzeRun.ts';

/** What stands beside the checkpoints of a run, or one folder up: the metrics of its epochs. */
const METRICS = 'metrics.csv';

/**
 * Analyzes the checkpoints of trainings elsewhere into a results folder, which then is what one of this program's own is to `report`,
 * `figures` and `compare`, and returns the rows of its spectra.csv. What was analyzed before and has not changed is kept, also where the
 * checkpoint is gone. Batch size, seed and `key=value` in the name of a run become its settings; a metrics.csv
 * beside its checkpoints, or one folder up, its metrics.
 */
export async function analyzeCheckpoints(
  checkpoints: readonly Checkpoint[],
  layout: ResultsLayout,
  analysis: AnalysisConfig,
  options: AnalyzeOptions,
): Promise<SpectrumRow[]> {
  const runs = new Map<string, Snapshot[]>();
  const earlier = existsSync(layout.spectra) ? readSpectraCsv(layout.spectra) : [];
  for (const { run } of earlier) if (run !== null) runs.set(run, []);
  for (const { run, epoch, path } of checkpoints) {
    const known = runs.get(run);
    if (known === undefined) runs.set(run, [{ epoch, path }]);
    else known.push({ epoch, path });
  }
  for (const [run, snapshots] of runs) {
    const files = layout.run(run);
    writeFileAtomic(files.settings, `${canonicalJson(settingsOfName(run))}\n`);
    const metrics = snapshots.map(({ path }) => metricsBeside(path)).find((path) => path !== null);
    if (metrics === undefined) continue;
    const rows = readOrElse(
      metrics,
      () => importMetrics(metrics),
      null,
      (_, error) => options.onNote(`passed over ${metrics}: ${error.message}`),
    );
    if (rows !== null) writeMetricsCsv(files.metrics, rows);
  }
  return analyzeSnapshots(layout, runs, analysis, options);
}

function metricsBeside(checkpoint: string): string | null {
  const folder = dirname(checkpoint);
  return [join(folder, METRICS), join(dirname(folder), METRICS)].find((path) => existsSync(path)) ?? null;
}
