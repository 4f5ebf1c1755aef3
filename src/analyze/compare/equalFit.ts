import { largestOf, smallestOf } from '../../base/extremes.ts';
import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { fittedAccuracy } from '../../experiment/results/metricsRow.ts';

export interface EqualFit {
  /** Those of the first epoch of each run whose training accuracy reaches the bound. */
  rows: JoinedRow[];
  /** Runs whose training accuracy stays below it. */
  leftOut: string[];
}

/**
 * Returns the rows of every run at the first analyzed epoch whose training accuracy, as the gap has it, is at least `accuracy` (0 to
 * 1): a gap between training and test accuracy says how a run generalizes only beside one that has fitted as much.
 */
export function atTrainAccuracy(rows: readonly JoinedRow[], accuracy: number): EqualFit {
  const first = new Map<string, number>();
  for (const row of rows) {
    const [{ run, epoch }, fitted] = [row, fittedAccuracy(row)];
    if (run === null || epoch === null || fitted === null || fitted < accuracy) continue;
    first.set(run, Math.min(first.get(run) ?? Number.POSITIVE_INFINITY, epoch));
  }
  const runs = new Set(rows.flatMap(({ run }) => (run === null ? [] : [run])));
  return {
    rows: rows.filter(({ run, epoch }) => run !== null && first.get(run) === epoch),
    leftOut: [...runs].filter((run) => !first.has(run)),
  };
}

/**
 * Returns a warning where the training accuracy differs more between the runs than the test accuracy does, null otherwise: then the
 * order of their gaps is mostly that of how far each has fitted.
 */
export function unequalFit(rows: readonly JoinedRow[]): string | null {
  const train = range(rows.map(fittedAccuracy));
  const test = range(rows.map((row) => row.test_accuracy));
  if (train === null || test === null || train.high - train.low <= test.high - test.low) return null;
  const bound = Math.floor(100 * train.low) / 100;
  return (
    `training accuracy differs more between the runs (${text(train)}) than test accuracy (${text(test)}): ` +
    `their gaps say most of all how far each has fitted; --train-accuracy ${bound} compares them at equal fit`
  );
}

function range(values: readonly (number | null)[]): { low: number; high: number } | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : { low: smallestOf(known), high: largestOf(known) };
}

const text = ({ low, high }: { low: number; high: number }): string =>
  `${low.toFixed(3)} to ${high.toFixed(3)}`;
