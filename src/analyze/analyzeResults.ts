import { existsSync, rmSync } from 'node:fs';
import { canonicalJson } from '../config/canonicalJson.ts';
import type { AnalysisConfig } from '../config/schema.ts';
import { fileSha256 } from '../files/checksums.ts';
import type { LinearAlgebra } from '../linalg/linearAlgebra.ts';
import { readSpectraCsv, writeSpectraCsv } from '../results/csvFiles.ts';
import { esdKey, type ResultsLayout } from '../results/layout.ts';
import { writeAnalysisChecksums } from '../results/resultsChecksums.ts';
import { snapshotEpochs } from '../results/snapshotEpochs.ts';
import { openSafetensors, type Tensor, writeSafetensors } from '../snapshots/safetensors.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { openWeights } from '../weights/openWeights.ts';
import { ANALYSIS_VERSION } from './analyzeLayer.ts';
import { analyzeWeights } from './analyzeWeights.ts';

export interface AnalyzeOptions {
  algebra: LinearAlgebra;
  /** When aborted, the analysis ends after the run at hand. */
  signal: AbortSignal;
  onProgress(done: number, total: number): void;
  /** Hears of every layer that could not be analyzed. */
  onSkip(message: string): void;
}

/** The spectra of one run: its rows, its eigenvalues by esdKey, and the SHA-256 of the snapshot each epoch's come from. */
interface RunSpectra {
  rows: SpectrumRow[];
  eigenvalues: Map<string, Tensor>;
  sources: Record<string, string>;
}

const ESD_FORMAT = 'phasewatch esd 1';

/**
 * Analyzes every snapshot of the given runs, writes esd/<run>.safetensors and spectra.csv, and returns the rows of spectra.csv.
 * A snapshot whose bytes were analyzed before in the same way is not analyzed again; spectra outlive their snapshots.
 */
export async function analyzeResults(
  layout: ResultsLayout,
  runs: readonly string[],
  analysis: AnalysisConfig,
  { algebra, signal, onProgress, onSkip }: AnalyzeOptions,
): Promise<SpectrumRow[]> {
  const earlier = existsSync(layout.spectra) ? readSpectraCsv(layout.spectra) : [];
  const pending = runs.map((run) => ({ run, epochs: snapshotEpochs(layout.run(run).snapshots) }));
  const total = pending.reduce((sum, { epochs }) => sum + epochs.length, 0);
  const rows: SpectrumRow[] = [];
  let done = 0;
  for (const { run, epochs } of pending) {
    const known = readRunSpectra(layout, run, analysis, earlier);
    const spectra: RunSpectra = { rows: [], eigenvalues: new Map(), sources: {} };
    for (const epoch of mergeEpochs(epochs, known)) {
      const path = layout.run(run).snapshot(epoch);
      const source = epochs.includes(epoch) ? fileSha256(path) : known.sources[epoch]!;
      if (source === known.sources[epoch]) reuseEpoch(spectra, known, epoch);
      else analyzeSnapshot(spectra, { path, run, epoch }, analysis, algebra, onSkip);
      spectra.sources[epoch] = source;
      if (epochs.includes(epoch)) onProgress(++done, total);
      await new Promise((resolve) => setImmediate(resolve));
    }
    rows.push(...spectra.rows);
    if (canonicalJson(spectra.sources) !== canonicalJson(known.sources)) {
      // The rows first: eigenvalues without rows are analyzed again, rows of other weights than the sources say would be wrong.
      const later = runs.slice(runs.indexOf(run) + 1);
      writeSpectraCsv(layout.spectra, [...rows, ...earlier.filter((row) => later.includes(row.run ?? ''))]);
      writeSafetensors(layout.esd(run), spectra.eigenvalues, {
        format: ESD_FORMAT,
        analysis: analysisKey(analysis),
        sources: JSON.stringify(spectra.sources),
      });
    }
    if (signal.aborted) break;
  }
  if (!signal.aborted) {
    writeSpectraCsv(layout.spectra, rows);
    writeAnalysisChecksums(layout);
  }
  return rows;
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

function mergeEpochs(present: readonly number[], known: RunSpectra): number[] {
  return [...new Set([...present, ...Object.keys(known.sources).map(Number)])].sort((a, b) => a - b);
}

function readRunSpectra(
  layout: ResultsLayout,
  run: string,
  analysis: AnalysisConfig,
  earlier: readonly SpectrumRow[],
): RunSpectra {
  const none = { rows: [], eigenvalues: new Map(), sources: {} };
  const path = layout.esd(run);
  if (!existsSync(path)) return none;
  const file = openSafetensors(path);
  try {
    if (file.metadata.format !== ESD_FORMAT || file.metadata.analysis !== analysisKey(analysis)) return none;
    const rows = earlier.filter((row) => row.run === run);
    const analyzed = new Set(rows.map((row) => row.epoch));
    const sources = Object.entries(JSON.parse(file.metadata.sources ?? '{}') as Record<string, string>);
    return {
      rows,
      eigenvalues: new Map(file.names.map((name) => [name, file.read(name)])),
      sources: Object.fromEntries(sources.filter(([epoch]) => analyzed.has(Number(epoch)))),
    };
  } finally {
    file.close();
  }
}

function reuseEpoch(spectra: RunSpectra, known: RunSpectra, epoch: number): void {
  for (const row of known.rows.filter((candidate) => candidate.epoch === epoch)) {
    spectra.rows.push(row);
    const key = esdKey(epoch, row.layer);
    const eigenvalues = known.eigenvalues.get(key);
    if (eigenvalues !== undefined) spectra.eigenvalues.set(key, eigenvalues);
  }
}

function analyzeSnapshot(
  spectra: RunSpectra,
  { path, run, epoch }: { path: string; run: string; epoch: number },
  analysis: AnalysisConfig,
  algebra: LinearAlgebra,
  onSkip: (message: string) => void,
): void {
  const file = openWeights(path);
  try {
    const { layers, skipped } = analyzeWeights(file, analysis, algebra, { conv: 'slices' });
    for (const { reason } of skipped) onSkip(`skipped a layer of run ${run}, epoch ${epoch}: ${reason}`);
    for (const { row, eigenvalues } of layers) {
      spectra.rows.push({ ...row, run, epoch });
      spectra.eigenvalues.set(esdKey(epoch, row.layer), {
        dtype: 'F64',
        shape: [eigenvalues.length],
        data: eigenvalues,
      });
    }
  } finally {
    file.close();
  }
}

function analysisKey(analysis: AnalysisConfig): string {
  return `${ANALYSIS_VERSION} ${canonicalJson(analysis)}`;
}
