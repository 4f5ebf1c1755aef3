import { largestOf, smallestOf } from '../../base/extremes.ts';
import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { fittedAccuracy } from '../../experiment/results/metricsRow.ts';
import { PREDICTORS, TARGETS } from './compareMetrics.ts';

export interface EqualFit {
  /** One a run and layer, where the training accuracy of the run passes the bound; order kept. */
  rows: JoinedRow[];
  /** Runs whose training accuracy stays below it. */
  leftOut: string[];
}

/** What is read between two epochs; everything else is that of the later one. */
const BETWEEN = [
  ...TARGETS,
  ...PREDICTORS,
  'epoch',
  'train_accuracy',
  'evaluated_train_accuracy',
  'test_accuracy',
  'train_loss',
  'test_loss',
] as const satisfies readonly (keyof JoinedRow)[];

/**
 * Returns every run where its training accuracy, as the gap has it, first passes `accuracy` (0 to 1): what is compared lies in
 * proportion between the last analyzed epoch below and the first that reaches it, and so does `epoch`. A gap between training and test
 * accuracy says how a run generalizes only beside one that has fitted as much; after whole epochs small batches have fitted more than
 * `accuracy`, by up to what an epoch brings. A run that reaches it in its first analyzed epoch is taken there.
 */
export function atTrainAccuracy(rows: readonly JoinedRow[], accuracy: number): EqualFit {
  const below = new Map<string, JoinedRow>();
  const reached = new Map<string, JoinedRow>();
  const keyOf = (row: JoinedRow): string => `${row.run}/${row.layer}`;
  const byEpoch = [...rows].sort((a, b) => (a.epoch ?? 0) - (b.epoch ?? 0));
  for (const row of byEpoch) {
    const [key, fitted] = [keyOf(row), fittedAccuracy(row)];
    if (row.run === null || row.epoch === null || fitted === null || reached.has(key)) continue;
    if (fitted < accuracy) below.set(key, row);
    else reached.set(key, between(below.get(key) ?? null, row, accuracy));
  }
  const taken = [...new Set(rows.map(keyOf))].flatMap((key) => reached.get(key) ?? []);
  const runs = new Set(rows.flatMap(({ run }) => (run === null ? [] : [run])));
  return { rows: taken, leftOut: [...runs].filter((run) => !taken.some((row) => row.run === run)) };
}

function between(low: JoinedRow | null, high: JoinedRow, accuracy: number): JoinedRow {
  if (low === null) return high;
  const [from, to] = [fittedAccuracy(low)!, fittedAccuracy(high)!];
  const share = (accuracy - from) / (to - from);
  const read = BETWEEN.map((name) => {
    const [before, after] = [low[name], high[name]];
    return [name, before === null || after === null ? after : before + share * (after - before)];
  });
  return { ...high, ...Object.fromEntries(read) };
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
