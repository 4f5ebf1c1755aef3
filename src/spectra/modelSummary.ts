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

export type ModelMeans = Record<(typeof MEAN_COLUMNS)[number], number | null>;

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

/** Returns a summary of each file's rows, in the order in which the files come; means are over the layers that have a value, null where none has. */
export function modelSummaries(rows: readonly (SpectrumRow & { file: string })[]): ModelSummary[] {
  const models = new Map<string, (SpectrumRow & { file: string })[]>();
  for (const row of rows) {
    const known = models.get(row.file);
    if (known === undefined) models.set(row.file, [row]);
    else known.push(row);
  }
  return [...models].map(([file, layers]) => ({
    file,
    run: layers[0]!.run,
    epoch: layers[0]!.epoch,
    layers: layers.length,
    ...meansOf(layers),
    rank_loss: layers.reduce((sum, { rank_loss }) => sum + rank_loss, 0),
    phases: Object.fromEntries(
      PHASES.map((phase) => [phase, layers.filter((row) => row.phase === phase).length] as const).filter(
        ([, count]) => count > 0,
      ),
    ),
    warnings: countWarnings(layers),
  }));
}

function meansOf(rows: readonly SpectrumRow[]): ModelMeans {
  const mean = (column: (typeof MEAN_COLUMNS)[number]): number | null => {
    const values = rows.map((row) => row[column]).filter((value) => value !== null);
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return Object.fromEntries(MEAN_COLUMNS.map((column) => [column, mean(column)])) as ModelMeans;
}

function countWarnings(rows: readonly SpectrumRow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { warning } of rows) {
    for (const one of warning?.split('; ') ?? []) counts[one] = (counts[one] ?? 0) + 1;
  }
  return counts;
}
