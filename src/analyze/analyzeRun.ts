import { UserError } from '../base/userError.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import { esdKey, type ResultsLayout } from '../experiment/results/layout.ts';
import { snapshotEpochs } from '../experiment/results/snapshotEpochs.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { weightSpectra } from '../spectra/weightSpectra.ts';
import { openWeights } from '../weights/openWeights.ts';
import { describeLayer, type LayerWeights } from './analyzeLayer.ts';
import { readLayers, type SkippedLayer } from './analyzeWeights.ts';
import { EARLIER, type KnownSpectra, type RunSpectra } from './runSpectra.ts';

export interface AnalyzeRunOptions {
  analysis: AnalysisConfig;
  algebra: LinearAlgebra;
  /** The SHA-256 of the snapshot of an epoch. */
  sourceOf(epoch: number): string;
  /** Told how many snapshots of the run are dealt with, in the same way before or now. */
  onAnalyzed(done: number): void;
  /** Hears of every layer that could not be analyzed. */
  onSkip(message: string): void;
  /** Hears of spectra that had to stay as they were, and of those that had to be computed again. */
  onNote(message: string): void;
  /** When aborted, the snapshots at hand are the last; later ones are left out. */
  signal: AbortSignal;
}

/**
 * Returns the spectra of a run brought up to date with its snapshots, and whether that changed them. A snapshot whose source is known in
 * the same way is not analyzed again. What is damaged is computed again where the snapshot is there; a UserError where it is not.
 */
export async function analyzeRun(
  layout: ResultsLayout,
  run: string,
  known: KnownSpectra,
  { analysis, algebra, sourceOf, onAnalyzed, onSkip, onNote, signal }: AnalyzeRunOptions,
): Promise<RunSpectra & { changed: boolean }> {
  const files = layout.run(run);
  const epochs = snapshotEpochs(files.snapshots);
  tellBroken(layout, run, known, epochs, onNote);
  const all = mergeEpochs(epochs, known);
  const sources = new Map(
    all.map((epoch) => [epoch, epochs.includes(epoch) ? sourceOf(epoch) : keptSource(known, epoch)]),
  );
  const isChanged = (epoch: number): boolean => !known.current || sources.get(epoch) !== known.sources[epoch];
  // Epoch 0 is a witness to all later ones.
  const changed = epochs.includes(0) && isChanged(0) ? epochs : epochs.filter(isChanged);
  const kept = all.filter((epoch) => sources.get(epoch)!.startsWith(EARLIER));
  if (kept.length > 0) {
    onNote(
      `kept the spectra of run ${run}, epochs ${kept.join(' ')}, of an earlier analysis: the snapshots are gone`,
    );
  }
  let done = epochs.length - changed.length;
  const left = new Set(changed);
  const analyzed: RunSpectra = { rows: [], eigenvalues: new Map(), sources: {} };
  const stays = known.rows.filter(({ epoch }) => !changed.includes(epoch!));
  for (let at = 0; at < changed.length && !signal.aborted; at += algebra.lanes) {
    const together = changed.slice(at, at + algebra.lanes);
    const snapshots = together.map((epoch) => ({ epoch, path: files.snapshot(epoch) }));
    analyzeSnapshots(analyzed, stays, run, snapshots, analysis, algebra, onSkip);
    for (const epoch of together) left.delete(epoch);
    done += together.length;
    onAnalyzed(done);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (changed.length === 0 && epochs.length > 0) onAnalyzed(done);
  const spectra: RunSpectra = { rows: [], eigenvalues: new Map(), sources: {} };
  for (const epoch of all) {
    if (left.has(epoch)) continue;
    spectra.sources[epoch] = sources.get(epoch)!;
    takeEpoch(spectra, changed.includes(epoch) ? analyzed : known, epoch);
  }
  return { ...spectra, changed: changed.length > left.size };
}

function mergeEpochs(present: readonly number[], known: RunSpectra): number[] {
  return [...new Set([...present, ...Object.keys(known.sources).map(Number)])].sort((a, b) => a - b);
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
