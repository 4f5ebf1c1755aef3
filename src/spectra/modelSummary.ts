import { PHASES, type Phase } from './phase.ts';
import type { SpectrumRow } from './spectrumRow.ts';

/** Columns whose means over the layers stand for the model: those of WeightWatcher's get_summary. */
export const MEAN_COLUMNS = [
  'alpha',
  'alpha_weighted',
  'log_norm',
  'log_alpha_norm',
  'log_spectral_norm',
  'stable_rank',
  'mp_softrank',
] as const;

type MeanColumn = (typeof MEAN_COLUMNS)[number];

export type ModelMeans = Record<MeanColumn, number | null>;

/** The layers of one weights file together. */
export interface ModelSummary extends ModelMeans {
  file: string;
  run: string | null;
  epoch: number | null;
  layers: number;
  /** Eigenvalues that are 0, in all layers. */
  rank_loss: number;
  /** Layers in each phase that occurs; those without a label are not among them. */
  phases: Partial<Record<Phase, number>>;
  /** Layers with each warning that occurs. */
  warnings: Record<string, number>;
}

/** What is summed up of the rows of one file, one after the other. */
interface Sums {
  run: string | null;
  epoch: number | null;
  layers: number;
  means: Map<MeanColumn, { sum: number; count: number }>;
  rankLoss: number;
  phases: Map<Phase, number>;
  warnings: Map<string, number>;
}

/** Returns a summary of each file's rows, in the order in which the files come; means are over the layers that have a value, null where none has. */
export function modelSummaries(rows: Iterable<SpectrumRow & { file: string }>): ModelSummary[] {
  const models = new Map<string, Sums>();
  for (const row of rows) {
    const sums = models.get(row.file) ?? nothingSummed(row);
    models.set(row.file, sums);
    addRow(sums, row);
  }
  return [...models].map(([file, { run, epoch, layers, means, rankLoss, phases, warnings }]) => ({
    file,
    run,
    epoch,
    layers,
    ...meansOf(means),
    rank_loss: rankLoss,
    phases: Object.fromEntries(
      PHASES.filter((phase) => phases.has(phase)).map((phase) => [phase, phases.get(phase)!]),
    ),
    warnings: Object.fromEntries(warnings),
  }));
}

const nothingSummed = ({ run, epoch }: SpectrumRow): Sums => ({
  run,
  epoch,
  layers: 0,
  means: new Map(),
  rankLoss: 0,
  phases: new Map(),
  warnings: new Map(),
});

function addRow(sums: Sums, row: SpectrumRow): void {
  sums.layers++;
  sums.rankLoss += row.rank_loss;
  for (const column of MEAN_COLUMNS) {
    const value = row[column];
    if (value === null) continue;
    const before = sums.means.get(column) ?? { sum: 0, count: 0 };
    sums.means.set(column, { sum: before.sum + value, count: before.count + 1 });
  }
  if (row.phase !== null) count(sums.phases, row.phase);
  for (const one of row.warning?.split('; ') ?? []) count(sums.warnings, one);
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function meansOf(means: Sums['means']): ModelMeans {
  const mean = (column: MeanColumn): number | null => {
    const found = means.get(column);
    return found === undefined ? null : found.sum / found.count;
  };
  return Object.fromEntries(MEAN_COLUMNS.map((column) => [column, mean(column)])) as ModelMeans;
}
