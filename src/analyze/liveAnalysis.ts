import { existsSync, statSync } from 'node:fs';
import { fileSha256 } from '../base/files/checksums.ts';
import { UserError } from '../base/userError.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import type { ResultsLayout } from '../experiment/results/layout.ts';
import { rowSettings } from '../experiment/results/rowSettings.ts';
import { lockSpectra } from '../experiment/status/resultsLock.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';
import { analyzeRun, snapshotsOf } from './analyzeRun.ts';
import {
  analysisKey,
  EARLIER,
  type KnownSpectra,
  readRows,
  readRunSpectra,
  storeRunSpectra,
} from './runSpectra.ts';

export interface LiveAnalysisOptions {
  /** Runs of the experiment in its order, which is that of spectra.csv. */
  order: readonly string[];
  analysis: AnalysisConfig;
  algebra: LinearAlgebra;
  /** When aborted, the snapshot at hand is the last. */
  signal: AbortSignal;
}

/**
 * Spectra of runs that are still training: what is there already is held in memory, so that a new snapshot costs its own analysis and one
 * writing of the files. Others may do the same for other runs in the same folder. What is doubtful is left to `analyzeResults`, which
 * compares all checksums when the training has ended; on the same snapshots both write the same bytes.
 */
export class LiveAnalysis {
  private readonly known = new Map<string, KnownSpectra>();
  private readonly sums = new Map<string, { stamp: string; sum: string }>();
  /** spectra.csv as it was last read or written here. */
  private table: { stamp: string; rows: readonly SpectrumRow[] } = { stamp: '', rows: [] };

  constructor(
    private readonly layout: ResultsLayout,
    private readonly options: LiveAnalysisOptions,
  ) {}

  /** Brings the spectra of a run up to date with its snapshots. Throws UserError where files are damaged or a layer cannot be analyzed. */
  async update(run: string): Promise<void> {
    const { analysis, algebra, signal } = this.options;
    const known =
      this.known.get(run) ??
      readRunSpectra(this.layout, run, analysisKey(analysis), { rows: this.rows(), damage: null });
    const analyzedAt = modified(this.layout.esd(run));
    const { changed, ...spectra } = await analyzeRun(this.layout, run, known, snapshotsOf(this.layout, run), {
      analysis,
      algebra,
      sourceOf: (epoch) => this.sourceOf(run, epoch, known, analyzedAt),
      onAnalyzed: () => {},
      // Told, and counted, at the end.
      onSkip: (message) => {
        throw new UserError(message);
      },
      onNote: () => {},
      signal,
    });
    if (changed) {
      const release = await lockSpectra(this.layout, { signal, onWait: () => {} });
      try {
        const settings = rowSettings(this.layout, this.options.order);
        const rows = this.inOrder([...this.rows().filter((row) => row.run !== run), ...spectra.rows]).map(
          settings.settled,
        );
        storeRunSpectra(this.layout, run, spectra, analysisKey(analysis), { rows, settings });
        this.table = { stamp: stampOf(this.layout.spectra), rows };
      } finally {
        release();
      }
    }
    this.known.set(run, { ...spectra, current: true, broken: [], damage: null });
  }

  /** Another process may have written since. */
  private rows(): readonly SpectrumRow[] {
    const { spectra } = this.layout;
    const stamp = stampOf(spectra);
    if (stamp !== this.table.stamp) {
      const { rows, damage } = readRows(spectra);
      // Written over, what can still be read of it would be lost.
      if (damage !== null) throw new UserError(damage);
      this.table = { stamp, rows };
    }
    return this.table.rows;
  }

  private inOrder(rows: readonly SpectrumRow[]): SpectrumRow[] {
    const byRun = new Map<string | null, SpectrumRow[]>(this.options.order.map((run) => [run, []]));
    for (const row of rows) {
      const others = byRun.get(row.run);
      if (others === undefined) byRun.set(row.run, [row]);
      else others.push(row);
    }
    return [...byRun.values()].flat();
  }

  /** A snapshot older than the spectra that were made of it, or that was read here before, is not read again. */
  private sourceOf(run: string, epoch: number, known: KnownSpectra, analyzedAt: number): string {
    const path = this.layout.run(run).snapshot(epoch);
    const stamp = stampOf(path);
    const seen = this.sums.get(path);
    if (seen?.stamp === stamp) return seen.sum;
    const stored = known.sources[epoch];
    const isOlder = stored !== undefined && !stored.startsWith(EARLIER) && modified(path) < analyzedAt;
    const sum = isOlder ? stored : fileSha256(path);
    this.sums.set(path, { stamp, sum });
    return sum;
  }
}

const modified = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Returns what tells a file from the one that was there before; every file is written anew under its name. */
function stampOf(path: string): string {
  if (!existsSync(path)) return '';
  const { ino, size, mtimeMs } = statSync(path);
  return `${ino} ${size} ${mtimeMs}`;
}
