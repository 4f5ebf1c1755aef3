import { existsSync, rmSync } from 'node:fs';
import { canonicalJson } from '../base/canonicalJson.ts';
import { fileSha256 } from '../base/files/checksums.ts';
import { refuseNewerFormat } from '../base/files/formatVersion.ts';
import { openSafetensors, type Tensor, writeSafetensors } from '../base/safetensors/safetensors.ts';
import { UserError } from '../base/userError.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import { readSpectraCsv, writeSpectraCsv } from '../experiment/results/csvFiles.ts';
import { readOrElse } from '../experiment/results/damage.ts';
import { esdKey, type ResultsLayout } from '../experiment/results/layout.ts';
import { writeAnalysisChecksums } from '../experiment/results/resultsChecksums.ts';
import { snapshotEpochs } from '../experiment/results/snapshotEpochs.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { weightSpectra } from '../spectra/weightSpectra.ts';
import { openWeights } from '../weights/openWeights.ts';
import { ANALYSIS_VERSION, describeLayer, type LayerWeights } from './analyzeLayer.ts';
import { readLayers, type SkippedLayer } from './analyzeWeights.ts';

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
  /** Epochs of which rows or eigenvalues are missing, and why where a file cannot be read. */
  broken: number[];
  damage: string | null;
}

/** Stands before the SHA-256 of a snapshot that was gone when the others were analyzed anew: if it comes back it is analyzed again. */
export const EARLIER = 'earlier analysis of ';

export const ESD_FORMAT = 'phasewatch esd 1';

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
  const earlier = readRows(layout.spectra);
  const pending = runs.map((run) => ({ run, epochs: snapshotEpochs(layout.run(run).snapshots) }));
  const total = pending.reduce((sum, { epochs }) => sum + epochs.length, 0);
  const rows: SpectrumRow[] = [];
  let done = 0;
  for (const { run, epochs } of pending) {
    const known = readRunSpectra(layout, run, analysis, earlier);
    tellBroken(layout, run, known, epochs, onNote);
    const all = mergeEpochs(epochs, known);
    const snapshot = (epoch: number): string => layout.run(run).snapshot(epoch);
    const sources = new Map(
      all.map((epoch) => [
        epoch,
        epochs.includes(epoch) ? fileSha256(snapshot(epoch)) : keptSource(known, epoch),
      ]),
    );
    const isChanged = (epoch: number): boolean =>
      !known.current || sources.get(epoch) !== known.sources[epoch];
    // Epoch 0 is a witness to all later ones.
    const changed = epochs.includes(0) && isChanged(0) ? epochs : epochs.filter(isChanged);
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
        known.rows.filter(({ epoch }) => !changed.includes(epoch!)),
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
      writeSpectraCsv(layout.spectra, [
        ...rows,
        ...earlier.rows.filter((row) => later.includes(row.run ?? '')),
      ]);
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

/** Returns the rows of spectra.csv, and what is wrong with it where it cannot be read: it is then computed again. */
function readRows(path: string): { rows: readonly SpectrumRow[]; damage: string | null } {
  let damage: string | null = null;
  const read = (): SpectrumRow[] => (existsSync(path) ? readSpectraCsv(path) : []);
  const rows = readOrElse(path, read, [], (_, error) => {
    damage = error.message;
  });
  return { rows, damage };
}

function readRunSpectra(
  layout: ResultsLayout,
  run: string,
  analysis: AnalysisConfig,
  earlier: ReturnType<typeof readRows>,
): KnownSpectra {
  const path = layout.esd(run);
  let { damage } = earlier;
  const stored = readOrElse(
    path,
    () => readEigenvalues(path),
    NO_EIGENVALUES,
    (_, error) => {
      damage = error.message;
    },
  );
  refuseNewerFormat(path, stored.format, ESD_FORMAT);
  refuseNewerFormat(path, stored.analysis, ANALYSIS_VERSION);
  const rows = earlier.rows.filter((row) => row.run === run);
  const sources = Object.entries(stored.sources);
  const seen = new Set([...sources.map(([epoch]) => Number(epoch)), ...rows.map(({ epoch }) => epoch!)]);
  const whole = new Set([...seen].filter((epoch) => isWhole(epoch, rows, stored)));
  return {
    rows,
    eigenvalues: stored.eigenvalues,
    sources: Object.fromEntries(sources.filter(([epoch]) => whole.has(Number(epoch)))),
    current: stored.analysis === null || stored.analysis === analysisKey(analysis),
    broken: [...seen].filter((epoch) => !whole.has(epoch)).sort((a, b) => a - b),
    damage,
  };
}

type StoredEigenvalues = Pick<RunSpectra, 'eigenvalues' | 'sources'> & {
  format: string | null;
  analysis: string | null;
};
const NO_EIGENVALUES: StoredEigenvalues = {
  eigenvalues: new Map(),
  sources: {},
  format: null,
  analysis: null,
};

function readEigenvalues(path: string): StoredEigenvalues {
  if (!existsSync(path)) return NO_EIGENVALUES;
  const file = openSafetensors(path);
  try {
    const { format = null, analysis = null, sources = '{}' } = file.metadata;
    if (format !== ESD_FORMAT) return { ...NO_EIGENVALUES, format };
    return {
      format,
      eigenvalues: new Map(file.names.map((name) => [name, file.read(name)])),
      sources: JSON.parse(sources),
      analysis,
    };
  } finally {
    file.close();
  }
}

/** An epoch has its snapshot's checksum, and as many rows as spectra, each of the layer of one. */
function isWhole(
  epoch: number,
  rows: readonly SpectrumRow[],
  { eigenvalues, sources }: StoredEigenvalues,
): boolean {
  const layers = rows.filter((row) => row.epoch === epoch).map(({ layer }) => layer);
  const spectra = [...eigenvalues.keys()].filter((key) => key.startsWith(esdKey(epoch, '')));
  return (
    epoch in sources &&
    layers.length === spectra.length &&
    layers.every((layer) => eigenvalues.has(esdKey(epoch, layer)))
  );
}

/** Tells which epochs are computed again because their rows or eigenvalues are damaged; throws UserError where that is no longer possible. */
function tellBroken(
  layout: ResultsLayout,
  run: string,
  { broken, damage }: KnownSpectra,
  present: readonly number[],
  onNote: (message: string) => void,
): void {
  if (broken.length === 0) return;
  const reason = damage ?? `${layout.spectra} and ${layout.esd(run)} do not have the same spectra`;
  const gone = broken.filter((epoch) => !present.includes(epoch));
  if (gone.length > 0) {
    throw new UserError(
      `spectra of run ${run}, epochs ${gone.join(' ')}, must be whole, for their snapshots are gone: ${reason}`,
      `Put a whole copy back, or remove ${layout.spectra} and ${layout.esdFolder} to go on without them.`,
    );
  }
  onNote(`computing the spectra of run ${run}, epochs ${broken.join(' ')}, again: ${reason}`);
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

/** Adds the spectra of a few epochs of a run, whose layers share the cores; `known` are rows of it that stay. */
function analyzeSnapshots(
  spectra: RunSpectra,
  known: readonly SpectrumRow[],
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
  const found = weightSpectra(layers, algebra);
  for (const [i, layer] of layers.entries()) {
    const epoch = epochs[i]!;
    const initial = initialSigma([...known, ...spectra.rows], layer.layer, epoch);
    const { row, eigenvalues } = describeLayer(layer, found[i]!, analysis, algebra, initial);
    spectra.rows.push({ ...row, run, epoch });
    spectra.eigenvalues.set(esdKey(epoch, row.layer), {
      dtype: 'F64',
      shape: [eigenvalues.length],
      data: eigenvalues,
    });
  }
}

/** Returns the layer's sigma_mp at epoch 0 from rows of its run, null at epoch 0 itself and where there is none. */
export function initialSigma(rows: readonly SpectrumRow[], layer: string, epoch: number): number | null {
  if (epoch === 0) return null;
  return rows.find((row) => row.epoch === 0 && row.layer === layer)?.sigma_mp ?? null;
}

/** Returns what stands in an esd file for the way it was analyzed. */
export function analysisKey(analysis: AnalysisConfig): string {
  return `${ANALYSIS_VERSION} ${canonicalJson(analysis)}`;
}
