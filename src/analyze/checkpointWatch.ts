import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileSha256 } from '../base/files/checksums.ts';
import { UserError } from '../base/userError.ts';
import type { AnalysisConfig } from '../experiment/config/schema.ts';
import type { ResultsLayout } from '../experiment/results/layout.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import { type Checkpoint, findCheckpoints } from '../weights/findCheckpoints.ts';
import { analyzeCheckpoints } from './analyzeCheckpoints.ts';

export interface CheckpointWatchOptions {
  analysis: AnalysisConfig;
  algebra: LinearAlgebra;
  /** How run and epoch stand in the names, where they do not tell by themselves. */
  epochFrom: string | null;
  /** When aborted, the checkpoint at hand is the last. */
  signal: AbortSignal;
}

/** What a look at the folder found. */
export interface Look {
  /** Whole checkpoints, run by run. */
  checkpoints: readonly Checkpoint[];
  /** Files that are still being written, or that cannot be read yet. */
  growing: readonly string[];
  /** What keeps checkpoints from being analyzed; null where nothing does. */
  problem: string | null;
}

/**
 * Follows a folder into which a training elsewhere writes its weights, and keeps a results folder up to date with it. A file counts once
 * it is whole: unchanged since the look before, and readable to its end. The folder is only read.
 */
export class CheckpointWatch {
  /** As each file was at the look before. */
  private stamps = new Map<string, string>();
  private readonly sums = new Map<string, { stamp: string; sum: string }>();
  /** What the spectra were last made of. */
  private done = '';
  private unreadable: readonly string[] = [];

  constructor(
    private readonly folder: string,
    private readonly layout: ResultsLayout,
    private readonly options: CheckpointWatchOptions,
  ) {}

  /** Looks at the folder, analyzes what is new and whole, and returns how it stands. */
  async look(): Promise<Look> {
    const { analysis, algebra, epochFrom, signal } = this.options;
    let found: readonly Checkpoint[];
    try {
      found = findCheckpoints([this.folder], epochFrom).found;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { checkpoints: [], growing: [], problem: error.message };
    }
    const before = this.stamps;
    this.stamps = new Map(found.map(({ path }) => [path, stampOf(path)]));
    const isStill = ({ path }: Checkpoint): boolean => before.get(path) === this.stamps.get(path);
    const whole = found.filter(isStill);
    const growing = found.filter((one) => !isStill(one)).map(({ path }) => path);
    const state = [...whole.map(({ path }) => path), ...metricsOf(whole)].map(stampOf).join('\n');
    if (whole.length > 0 && state !== this.done) {
      const unreadable: string[] = [];
      await analyzeCheckpoints(whole, this.layout, analysis, {
        algebra,
        signal,
        checksum: (path) => this.checksum(path),
        onProgress: () => {},
        onSkip: () => {},
        onNote: () => {},
        onUnreadable: (path) => unreadable.push(path),
      });
      this.unreadable = unreadable;
      // What could not be read yet is tried again with the next look.
      if (unreadable.length === 0 && !signal.aborted) this.done = state;
    }
    const checkpoints = whole.filter(({ path }) => !this.unreadable.includes(path));
    return { checkpoints, growing: [...growing, ...this.unreadable], problem: null };
  }

  private checksum(path: string): string {
    const stamp = stampOf(path);
    const known = this.sums.get(path);
    if (known?.stamp === stamp) return known.sum;
    const sum = fileSha256(path);
    this.sums.set(path, { stamp, sum });
    return sum;
  }
}

/** The files of metrics that may stand beside checkpoints, or one folder up. */
function metricsOf(checkpoints: readonly Checkpoint[]): string[] {
  const folders = new Set(checkpoints.flatMap(({ path }) => [dirname(path), dirname(dirname(path))]));
  return [...folders].map((folder) => join(folder, 'metrics.csv'));
}

/** Changes with the file; of one that is gone it is its name. */
function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? path : `${path} ${stat.ino} ${stat.size} ${stat.mtimeMs}`;
}
