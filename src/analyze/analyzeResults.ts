import { rmSync } from 'node:fs';
import { fileSha256 } from '../base/files/checksums.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import { writeSpectraCsv } from '../experiment/results/csvFiles.ts';
import type { ResultsLayout } from '../experiment/results/layout.ts';
import { writeAnalysisChecksums } from '../experiment/results/resultsChecksums.ts';
import { rowSettings } from '../experiment/results/rowSettings.ts';
import { snapshotEpochs } from '../experiment/results/snapshotEpochs.ts';
import { withTruncated } from '../experiment/results/truncatedErrors.ts';
import { lockSpectra } from '../experiment/status/resultsLock.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { type AnalyzeRunOptions, analyzeRun, type Snapshot, snapshotsOf } from './analyzeRun.ts';
import { analysisKey, readRows, readRunSpectra, storeRunSpectra } from './runSpectra.ts';

export interface AnalyzeOptions
  extends Pick<AnalyzeRunOptions, 'algebra' | 'signal' | 'reading' | 'onSkip' | 'onNote' | 'onUnreadable'> {
  onProgress(done: number, total: number): void;
  /** The SHA-256 of a file; read anew each time when left out. */
  checksum?: (path: string) => string;
}

/** Analyzes every snapshot of the given runs of a results folder, as `analyzeSnapshots` does. */
export function analyzeResults(
  layout: ResultsLayout,
  runs: readonly string[],
  analysis: AnalysisConfig,
  options: AnalyzeOptions,
): Promise<SpectrumRow[]> {
  const snapshots = new Map(runs.map((run) => [run, snapshotsOf(layout, run)]));
  return analyzeSnapshots(layout, snapshots, analysis, options);
}

/**
 * Analyzes the snapshots of each run, ascending by epoch, writes esd/<run>.safetensors and spectra.csv, and returns the rows of spectra.csv.
 * A snapshot whose bytes were analyzed before in the same way is not analyzed again. Spectra outlive their snapshots: where one is gone
 * its rows stay, even those of another analysis. What is damaged is computed again where the snapshot is there; a UserError where it is not,
 * and for spectra of a newer version.
 */
export async function analyzeSnapshots(
  layout: ResultsLayout,
  runs: ReadonlyMap<string, readonly Snapshot[]>,
  analysis: AnalysisConfig,
  { onProgress, checksum = fileSha256, ...options }: AnalyzeOptions,
): Promise<SpectrumRow[]> {
  const release = await lockSpectra(layout, { signal: options.signal, onWait: options.onNote });
  try {
    const key = analysisKey(analysis, options.reading?.key);
    const earlier = readRows(layout.spectra);
    const settings = rowSettings(layout, [...runs.keys()]);
    const total = [...runs.values()].reduce((sum, snapshots) => sum + snapshots.length, 0);
    const rows: SpectrumRow[] = [];
    const later = new Set(runs.keys());
    let done = 0;
    for (const [run, snapshots] of runs) {
      later.delete(run);
      const paths = new Map(snapshots.map(({ epoch, path }) => [epoch, path]));
      const known = readRunSpectra(layout, run, key, earlier);
      const spectra = await analyzeRun(layout, run, known, snapshots, {
        ...options,
        analysis,
        sourceOf: (epoch) => checksum(paths.get(epoch)!),
        onAnalyzed: (count) => onProgress(done + count, total),
      });
      done += snapshots.length;
      for (const row of withTruncated(layout, run, spectra.rows)) rows.push(settings.settled(row));
      if (spectra.changed) {
        const others = earlier.rows.filter((row) => later.has(row.run ?? ''));
        storeRunSpectra(layout, run, spectra, key, { rows: [...rows, ...others], settings });
      }
      if (options.signal.aborted) break;
    }
    if (!options.signal.aborted) {
      writeSpectraCsv(layout.spectra, rows, ['run', ...settings.columns]);
      writeAnalysisChecksums(layout);
    }
    return rows;
  } finally {
    release();
  }
}

/** Removes the snapshots that the policy of a run does not keep; call it when their spectra are written. */
export function pruneSnapshots(layout: ResultsLayout, run: string, keep: 'all' | 'last' | 'none'): void {
  if (keep === 'all') return;
  const files = layout.run(run);
  const epochs = snapshotEpochs(files.snapshots);
  for (const epoch of keep === 'last' ? epochs.slice(0, -1) : epochs) {
    rmSync(files.snapshot(epoch), { force: true });
    rmSync(files.networkSnapshot(epoch), { force: true });
  }
}
