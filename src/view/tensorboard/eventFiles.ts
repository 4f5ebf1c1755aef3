import { appendFileSync, existsSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { makeFolder } from '../../base/files/makeFolder.ts';
import { readMetricsCsv } from '../../experiment/results/csvFiles.ts';
import { type ResultsLayout, resultsLayout } from '../../experiment/results/layout.ts';
import type { MetricsRow } from '../../experiment/results/metricsRow.ts';
import { readResults } from '../../experiment/results/readResults.ts';
import { flatSettings } from '../../experiment/results/runSettings.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import {
  type EventTime,
  histogramRecord,
  hparamsRecord,
  scalarsRecord,
  versionRecord,
} from './summaryEvents.ts';

/** Measures of a layer that are shown as curves. */
const CURVES = [
  'alpha',
  'stable_rank',
  'mp_softrank',
  'entropy',
  'num_spikes',
  'lambda_max',
  'sigma_mp',
] as const;

/** Event files of a results folder, under tensorboard/<run-id>/. */
export interface EventFiles {
  /** Begins a run's file, with its settings and what its metrics.csv has up to the epoch it goes on from; what was there goes. */
  startRun(run: string, resumedAt: number | null): void;
  /** Adds an epoch to the file of a run. */
  addEpoch(run: string, row: MetricsRow): void;
  /** Writes the file of a run that was finished before, where it has none. */
  addFinishedRun(run: string): void;
  /** Writes the curves and histograms of all spectra, each run's into a file of its own. */
  writeSpectra(): void;
}

/** Returns the writer of the event files of `runs`, whose results are in `dir`. `now` gives seconds since 1970. */
export function eventFiles(
  dir: string,
  runs: readonly { id: string; config: object }[],
  now: () => number = () => Date.now() / 1000,
): EventFiles {
  const layout = resultsLayout(dir);
  const settings = new Map(runs.map(({ id, config }) => [id, flatSettings({ ...config })]));
  const folder = (run: string): string => join(dir, 'tensorboard', run);
  const file = (run: string, kind: string): string =>
    join(folder(run), `events.out.tfevents.0000000000.${hostname()}.${kind}`);
  const startRun = (run: string, resumedAt: number | null): void => {
    rmSync(folder(run), { recursive: true, force: true });
    makeFolder(folder(run));
    const { metrics } = layout.run(run);
    const rows = resumedAt === null || !existsSync(metrics) ? [] : readMetricsCsv(metrics);
    const kept = rows.filter(({ epoch }) => epoch <= resumedAt!);
    writeFileAtomic(file(run, 'training'), [
      versionRecord(now()),
      hparamsRecord({ wallTime: now(), step: 0 }, settings.get(run)!),
      ...kept.map((row) => epochRecord(row, now())),
    ]);
  };
  return {
    startRun,
    // Appended, not written anew: TensorBoard follows a growing file.
    addEpoch: (run, row) => appendFileSync(file(run, 'training'), epochRecord(row, now())),
    addFinishedRun: (run) => {
      if (!existsSync(file(run, 'training'))) startRun(run, Number.POSITIVE_INFINITY);
    },
    writeSpectra: () => {
      for (const [run, records] of spectraRecords(layout, now())) {
        writeFileAtomic(file(run, 'spectra'), [versionRecord(now()), ...records]);
      }
    },
  };
}

function epochRecord({ epoch, ...row }: MetricsRow, wallTime: number): Uint8Array {
  return scalarsRecord(
    { wallTime, step: epoch },
    {
      'accuracy/train': row.train_accuracy,
      'accuracy/test': row.test_accuracy,
      'loss/train': row.train_loss,
      'loss/test': row.test_loss,
      learning_rate: row.learning_rate,
      images_per_second: row.images_per_second,
    },
  );
}

function spectraRecords(layout: ResultsLayout, wallTime: number): Map<string, Uint8Array[]> {
  const results = readResults(layout.dir);
  const records = new Map<string, Uint8Array[]>();
  for (const row of results.spectra) {
    if (row.run === null || row.epoch === null) continue;
    const time = { wallTime, step: row.epoch };
    const evals = results.esd(row.run, row.epoch, row.layer) ?? new Float64Array(0);
    const histograms = [
      ...histogram(time, `${row.layer}/eigenvalues`, evals),
      ...histogram(
        time,
        `${row.layer}/log10_eigenvalues`,
        evals.filter((value) => value > 0).map(Math.log10),
      ),
    ];
    const all = [...(records.get(row.run) ?? []), scalarsRecord(time, curves(row)), ...histograms];
    records.set(row.run, all);
  }
  return records;
}

function histogram(time: EventTime, tag: string, values: Float64Array): Uint8Array[] {
  return values.length === 0 ? [] : [histogramRecord(time, tag, values)];
}

function curves(row: SpectrumRow): Record<string, number | null> {
  return Object.fromEntries(CURVES.map((key) => [`${row.layer}/${key}`, row[key]]));
}
