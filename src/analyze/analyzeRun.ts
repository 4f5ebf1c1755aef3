import { relative } from 'node:path';
import { UserError } from '../base/userError.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import { esdKey, type ResultsLayout } from '../experiment/results/layout.ts';
import { snapshotEpochs } from '../experiment/results/snapshotEpochs.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { weightSpectra } from '../spectra/weightSpectra.ts';
import type { ConvReading } from '../weights/layerMatrices.ts';
import { openWeights } from '../weights/openWeights.ts';
import type { WeightsLayer } from '../weights/tensors/weightsFile.ts';
import { describeLayer, type LayerWeights } from './analyzeLayer.ts';
import { heldTogether, readLayers, type SkippedLayer } from './analyzeWeights.ts';
import { EARLIER, type KnownSpectra, type RunSpectra } from './runSpectra.ts';

/** The weights of a run after an epoch, in a file of any format. */
export interface Snapshot {
  epoch: number;
  path: string;
}

/** Which layers of the snapshots are taken, and how. */
export interface SnapshotReading {
  conv: ConvReading;
  wants(layer: WeightsLayer): boolean;
  /** Says the above in words: spectra stored under others are analyzed again. Empty for all layers as they come. */
  key: string;
}

const ALL_LAYERS: SnapshotReading = { conv: 'slices', wants: () => true, key: '' };

export interface AnalyzeRunOptions {
  analysis: AnalysisConfig;
  algebra: LinearAlgebra;
  /** All layers when left out. */
  reading?: SnapshotReading | undefined;
  /** The SHA-256 of the snapshot of an epoch. */
  sourceOf(epoch: number): string;
  /** Told how many snapshots of the run are dealt with, in the same way before or now. */
  onAnalyzed(done: number): void;
  /** Hears of every layer that could not be analyzed. */
  onSkip(message: string): void;
  /** Hears of spectra that had to stay as they were, and of those that had to be computed again. */
  onNote(message: string): void;
  /** Hears of snapshots that cannot be read, which then do not take the others along; without it the first ends the analysis. */
  onUnreadable?: ((path: string, error: UserError) => void) | undefined;
  /** When aborted, the snapshots at hand are the last; later ones are left out. */
  signal: AbortSignal;
}

/** Returns the snapshots of a run of this program. */
export function snapshotsOf(layout: ResultsLayout, run: string): Snapshot[] {
  const files = layout.run(run);
  return snapshotEpochs(files.snapshots).map((epoch) => ({ epoch, path: files.snapshot(epoch) }));
}

/**
 * Returns the spectra of a run brought up to date with its snapshots, ascending by epoch, and whether that changed them. A snapshot whose source is known in
 * the same way is not analyzed again. What is damaged is computed again where the snapshot is there; a UserError where it is not.
 */
export async function analyzeRun(
  layout: ResultsLayout,
  run: string,
  known: KnownSpectra,
  snapshots: readonly Snapshot[],
  options: AnalyzeRunOptions,
): Promise<RunSpectra & { changed: boolean }> {
  const { algebra, onAnalyzed, onNote, signal } = options;
  const paths = new Map(snapshots.map(({ epoch, path }) => [epoch, path]));
  const present = sourcesOf(paths, options);
  const epochs = [...present.keys()];
  tellBroken(layout, run, known, epochs, onNote);
  const all = mergeEpochs(epochs, known);
  const sources = new Map(all.map((epoch) => [epoch, present.get(epoch) ?? keptSource(known, epoch)]));
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
    const opened = together.map((epoch) => ({ epoch, path: paths.get(epoch)! }));
    const unreadable = addSpectra(analyzed, stays, { layout, run }, opened, options);
    for (const epoch of together) if (!unreadable.includes(epoch)) left.delete(epoch);
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

/** Returns the sources of the epochs whose snapshot can be read; a file may be a pipe, a link that leads nowhere, or gone by now. */
function sourcesOf(
  paths: ReadonlyMap<number, string>,
  { sourceOf, onUnreadable }: AnalyzeRunOptions,
): Map<number, string> {
  const sources = new Map<number, string>();
  for (const [epoch, path] of paths) {
    try {
      sources.set(epoch, sourceOf(epoch));
    } catch (error) {
      if (!(error instanceof UserError) || onUnreadable === undefined) throw error;
      onUnreadable(path, error);
    }
  }
  return sources;
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

type SnapshotWeights = LayerWeights & { epoch: number };

/**
 * Adds the spectra of a few epochs of a run, whose layers share the cores, and returns the epochs that could not be read; `known` are
 * rows of the run that stay.
 */
function addSpectra(
  spectra: RunSpectra,
  known: readonly SpectrumRow[],
  { layout, run }: { layout: ResultsLayout; run: string },
  snapshots: readonly Snapshot[],
  options: AnalyzeRunOptions,
): number[] {
  const { analysis, algebra } = options;
  const unreadable: number[] = [];
  for (const together of heldTogether(weightsOf(run, snapshots, options, unreadable), algebra.lanes)) {
    const found = weightSpectra(together, algebra);
    for (const [i, layer] of together.entries()) {
      const { epoch, where } = layer;
      const initial = initialSigma([...known, ...spectra.rows], layer.layer, epoch);
      const { row, eigenvalues } = describeLayer(layer, found[i]!, analysis, algebra, initial);
      spectra.rows.push({ ...row, run, epoch, file: relative(layout.dir, where) });
      spectra.eigenvalues.set(esdKey(epoch, row.layer), {
        dtype: 'F64',
        shape: [eigenvalues.length],
        data: eigenvalues,
      });
    }
  }
  return unreadable;
}

/** Yields the wanted layers of the snapshots. */
function* weightsOf(
  run: string,
  snapshots: readonly Snapshot[],
  { algebra, reading = ALL_LAYERS, onSkip, onUnreadable }: AnalyzeRunOptions,
  unreadable: number[],
): Generator<SnapshotWeights> {
  for (const { epoch, path } of snapshots) {
    const skipped: SkippedLayer[] = [];
    try {
      const file = openWeights(path);
      try {
        const wanted = { ...file, layers: () => [...file.layers()].filter(reading.wants) };
        for (const layer of readLayers(wanted, { conv: reading.conv }, skipped, algebra))
          yield { ...layer, epoch };
      } finally {
        file.close();
      }
    } catch (error) {
      if (!(error instanceof UserError) || onUnreadable === undefined) throw error;
      onUnreadable(path, error);
      unreadable.push(epoch);
    }
    for (const { reason, refused } of skipped) {
      if (refused) onSkip(`skipped a layer of run ${run}, epoch ${epoch}: ${reason}`);
    }
  }
}

/** Returns the layer's sigma_mp at epoch 0 from rows of its run, null at epoch 0 itself and where there is none. */
export function initialSigma(rows: readonly SpectrumRow[], layer: string, epoch: number): number | null {
  if (epoch === 0) return null;
  return rows.find((row) => row.epoch === 0 && row.layer === layer)?.sigma_mp ?? null;
}
