import { rmSync } from 'node:fs';
import { fileSha256 } from '../base/files/checksums.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import { writeSpectraCsv } from '../experiment/results/csvFiles.ts';
import type { ResultsLayout } from '../experiment/results/layout.ts';
import { writeAnalysisChecksums } from '../experiment/results/resultsChecksums.ts';
import { snapshotEpochs } from '../experiment/results/snapshotEpochs.ts';
import { lockSpectra } from '../experiment/status/resultsLock.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { analyzeRun } from './analyzeRun.ts';
import { readRows, readRunSpectra, storeRunSpectra } from './runSpectra.ts';

export interface AnalyzeOptions {
  algebra: LinearAlgebra;
  /** When aborted, the analysis ends after the snapshots at hand. */
  signal: AbortSignal;
  onProgress(done: number, total: number): void;
  /** Hears of every layer that could not be analyzed. */
  onSkip(message: string): void;
  /** Hears of spectra that had to stay as they were, and of those that had to be computed again. */
  onNote(message: string): void;
}

/**
 * Analyzes every snapshot of the given runs, writes esd/<run>.safetensors and spectra.csv, and returns the rows of spectra.csv.
 * A snapshot whose bytes were analyzed before in the same way is not analyzed again. Spectra outlive their snapshots: where one is gone
 * its rows stay, even those of another analysis. What is damaged is computed again where the snapshot is there; a UserError where it is not,
 * and for spectra of a newer version.
 */
export async function analyzeResults(
  layout: ResultsLayout,
  runs: readonly string[],
  analysis: AnalysisConfig,
  { algebra, signal, onProgress, onSkip, onNote }: AnalyzeOptions,
): Promise<SpectrumRow[]> {
  const release = await lockSpectra(layout, { signal, onWait: onNote });
  try {
    const earlier = readRows(layout.spectra);
    const counts = runs.map((run) => snapshotEpochs(layout.run(run).snapshots).length);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const rows: SpectrumRow[] = [];
    let done = 0;
    for (const [i, run] of runs.entries()) {
      const spectra = await analyzeRun(layout, run, readRunSpectra(layout, run, analysis, earlier), {
        analysis,
        algebra,
        sourceOf: (epoch) => fileSha256(layout.run(run).snapshot(epoch)),
        onAnalyzed: (count) => onProgress(done + count, total),
        onSkip,
        onNote,
        signal,
      });
      done += counts[i]!;
      for (const row of spectra.rows) rows.push(row);
      if (spectra.changed) {
        const later = runs.slice(i + 1);
        const others = earlier.rows.filter((row) => later.includes(row.run ?? ''));
        storeRunSpectra(layout, run, spectra, analysis, [...rows, ...others]);
      }
      if (signal.aborted) break;
    }
    if (!signal.aborted) {
      writeSpectraCsv(layout.spectra, rows);
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
  }
}
