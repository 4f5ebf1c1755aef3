import { existsSync, rmSync } from 'node:fs';
import { canonicalJson } from '../base/canonicalJson.ts';
import { fileSha256 } from '../base/files/checksums.ts';
import { openSafetensors, type Tensor, writeSafetensors } from '../base/safetensors/safetensors.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import { readSpectraCsv, writeSpectraCsv } from '../experiment/results/csvFiles.ts';
import { esdKey, type ResultsLayout } from '../experiment/results/layout.ts';
import { writeAnalysisChecksums } from '../experiment/results/resultsChecksums.ts';
import { snapshotEpochs } from '../experiment/results/snapshotEpochs.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { openWeights } from '../weights/openWeights.ts';
import { ANALYSIS_VERSION, type LayerWeights } from './analyzeLayer.ts';
import { analyzeTogether, readLayers, type SkippedLayer } from './analyzeWeights.ts';

export interface AnalyzeOptions {
  algebra: LinearAlgebra;
  /** When aborted, the analysis ends after the run at hand. */
  signal: AbortSignal;
  onProgress(done: number, total: number): void;
  /** Hears of every layer that could not be analyzed. */
  onSkip(message: string): void;
  /** Hears of spectra that had to stay as they were, and of those that had to be computed again. */
  onNote(message: string): void;
}

/** The spectra of one run: its rows, its eigenvalues by esdKey, and the SHA-256 of the snapshot each epoch's come from. */
interface RunSpectra {
  rows: SpectrumRow[];
  eigenvalues: Map<string, Tensor>;
  sources: Record<string, string>;
}

/** Those of the files; `current` when they were analyzed in the way asked for now. */
interface KnownSpectra extends RunSpectra {
  current: boolean;
}

/** Stands before the SHA-256 of a snapshot that was gone when the others were analyzed anew: if it comes back it is analyzed again. */
const EARLIER = 'earlier analysis of ';

const ESD_FORMAT = 'phasewatch esd 1';

/**
 * Analyzes every snapshot of the given runs, writes esd/<run>.safetensors and spectra.csv, and returns the rows of spectra.csv.
 * A snapshot whose bytes were analyzed before in the same way is not analyzed again. Spectra outlive their snapshots: where one is gone
 * its rows stay, even those of another analysis.
 */
export async function analyzeResults(
  layout: ResultsLayout,
  runs: readonly string[],
  analysis: AnalysisConfig,
  { algebra, signal, onProgress, onSkip, onNote }: AnalyzeOptions,
): Promise<SpectrumRow[]> {
  const earlier = existsSync(layout.spectra) ? readSpectraCsv(layout.spectra) : [];
  const pending = runs.map((run) => ({ run, epochs: snapshotEpochs(layout.run(run).snapshots) }));
  const total = pending.reduce((sum, { epochs }) => sum + epochs.length, 0);
  const rows: SpectrumRow[] = [];
  let done = 0;
  for (const { run, epochs } of pending) {
    const known = readRunSpectra(layout, run, analysis, earlier);
    const all = mergeEpochs(epochs, known);
    const snapshot = (epoch: number): string => layout.run(run).snapshot(epoch);
    const sources = new Map(
      all.map((epoch) => [
        epoch,
        epochs.includes(epoch) ? fileSha256(snapshot(epoch)) : keptSource(known, epoch),
      ]),
    );
    const changed = epochs.filter((epoch) => !known.current || sources.get(epoch) !== known.sources[epoch]);
    const kept = all.filter((epoch) => sources.get(epoch)!.startsWith(EARLIER));
    if (kept.length > 0) {
      onNote(
        `kept the spectra of run ${run}, epochs ${kept.join(' ')}, of an earlier analysis: the snapshots are gone`,
      );
    }
    done += epochs.filter((epoch) => !changed.includes(epoch)).length;
    const analyzed: RunSpectra = { rows: [], eigenvalues: new Map(), sources: {} };
    for (let at = 0; at < changed.length; at += algebra.lanes) {
      const together = changed.slice(at, at + algebra.lanes);
      analyzeSnapshots(
        analyzed,
        run,
        together.map((epoch) => ({ epoch, path: snapshot(epoch) })),
        analysis,
        algebra,
        onSkip,
      );
      done += together.length;
      onProgress(done, total);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (changed.length === 0 && epochs.length > 0) onProgress(done, total);
    const spectra: RunSpectra = {
      rows: [],
      eigenvalues: new Map(),
      sources: Object.fromEntries(sources),
    };
    for (const epoch of all) takeEpoch(spectra, changed.includes(epoch) ? analyzed : known, epoch);
    for (const row of spectra.rows) rows.push(row);
    if (changed.length > 0) {
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
): KnownSpectra {
  const none = { rows: [], eigenvalues: new Map(), sources: {}, current: true };
  const path = layout.esd(run);
  if (!existsSync(path)) return none;
  const file = openSafetensors(path);
  try {
    if (file.metadata.format !== ESD_FORMAT) return none;
    const rows = earlier.filter((row) => row.run === run);
    const analyzed = new Set(rows.map((row) => row.epoch));
    const sources = Object.entries(JSON.parse(file.metadata.sources ?? '{}') as Record<string, string>);
    return {
      rows,
      eigenvalues: new Map(file.names.map((name) => [name, file.read(name)])),
      sources: Object.fromEntries(sources.filter(([epoch]) => analyzed.has(Number(epoch)))),
      current: file.metadata.analysis === analysisKey(analysis),
    };
  } finally {
    file.close();
  }
}

function keptSource({ sources, current }: KnownSpectra, epoch: number): string {
  const source = sources[epoch]!;
  return current || source.startsWith(EARLIER) ? source : EARLIER + source;
}

function takeEpoch(spectra: RunSpectra, from: RunSpectra, epoch: number): void {
  for (const row of from.rows.filter((candidate) => candidate.epoch === epoch)) {
    spectra.rows.push(row);
    const key = esdKey(epoch, row.layer);
    const eigenvalues = from.eigenvalues.get(key);
    if (eigenvalues !== undefined) spectra.eigenvalues.set(key, eigenvalues);
  }
}

/** Adds the spectra of a few epochs of a run, whose layers share the cores. */
function analyzeSnapshots(
  spectra: RunSpectra,
  run: string,
  snapshots: readonly { epoch: number; path: string }[],
  analysis: AnalysisConfig,
  algebra: LinearAlgebra,
  onSkip: (message: string) => void,
): void {
  const layers: LayerWeights[] = [];
  const epochs: number[] = [];
  for (const { epoch, path } of snapshots) {
    const file = openWeights(path);
    const skipped: SkippedLayer[] = [];
    try {
      for (const layer of readLayers(file, { conv: 'slices' }, skipped)) {
        layers.push(layer);
        epochs.push(epoch);
      }
    } finally {
      file.close();
    }
    for (const { reason, refused } of skipped)
      if (refused) onSkip(`skipped a layer of run ${run}, epoch ${epoch}: ${reason}`);
  }
  for (const [i, { row, eigenvalues }] of analyzeTogether(layers, analysis, algebra).entries()) {
    const epoch = epochs[i]!;
    spectra.rows.push({ ...row, run, epoch });
    spectra.eigenvalues.set(esdKey(epoch, row.layer), {
      dtype: 'F64',
      shape: [eigenvalues.length],
      data: eigenvalues,
    });
  }
}

function analysisKey(analysis: AnalysisConfig): string {
  return `${ANALYSIS_VERSION} ${canonicalJson(analysis)}`;
}
