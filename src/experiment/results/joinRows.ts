import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import type { MetricsRow } from './metricsRow.ts';
import { differingSettings, settingText } from './runSettings.ts';

/** A spectrum beside the settings of its run and the metrics of its epoch; null where the run has none. */
export interface JoinedRow extends SpectrumRow {
  batch_size: number | null;
  learning_rate: number | null;
  seed: number | null;
  /** Settings other than batch size and seed that differ between the runs, as text; empty where none does. */
  setting: string;
  train_accuracy: number | null;
  test_accuracy: number | null;
  train_loss: number | null;
  test_loss: number | null;
  test_error: number | null;
  /** Train minus test accuracy. */
  gap: number | null;
  /** Test minus train loss; the L2 penalty is in the latter. */
  loss_gap: number | null;
}

/** The columns that joining adds. */
export const JOINED_COLUMNS = [
  'batch_size',
  'learning_rate',
  'seed',
  'setting',
  'train_accuracy',
  'test_accuracy',
  'train_loss',
  'test_loss',
  'test_error',
  'gap',
  'loss_gap',
] as const satisfies readonly (keyof JoinedRow)[];

export interface JoinedRun {
  id: string;
  config: Readonly<Record<string, unknown>> | null;
  metrics: readonly MetricsRow[];
}

/** Returns every row of spectra.csv joined with the config and the metrics of its run, order kept. */
export function joinRows(spectra: readonly SpectrumRow[], runs: readonly JoinedRun[]): JoinedRow[] {
  const byId = new Map(
    runs.map((run) => [
      run.id,
      { ...run, byEpoch: new Map(run.metrics.map((metrics) => [metrics.epoch, metrics])) },
    ]),
  );
  const settings = new Map(
    [...differingSettings(runs, ['batchSize'])].map(([id, setting]) => [id, settingText(setting)]),
  );
  return spectra.map((row) => {
    const run = row.run === null ? undefined : byId.get(row.run);
    const metrics = row.epoch === null ? undefined : run?.byEpoch.get(row.epoch);
    const { train_accuracy = null, train_loss = null } = metrics ?? {};
    const { test_accuracy = null, test_loss = null } = metrics ?? {};
    return {
      ...row,
      batch_size: numberOf(run?.config?.batchSize),
      learning_rate: numberOf(run?.config?.learningRate),
      seed: numberOf(run?.config?.seed),
      setting: settings.get(row.run ?? '') ?? '',
      train_accuracy,
      test_accuracy,
      train_loss,
      test_loss,
      test_error: test_accuracy === null ? null : 1 - test_accuracy,
      gap: train_accuracy === null || test_accuracy === null ? null : train_accuracy - test_accuracy,
      loss_gap: train_loss === null || test_loss === null ? null : test_loss - train_loss,
    };
  });
}

/** Returns the rows of the last epoch of every run and layer, order kept. */
export function lastEpochRows<Row extends SpectrumRow>(rows: readonly Row[]): Row[] {
  const last = new Map<string, number>();
  for (const { run, layer, epoch } of rows) {
    const key = `${run}/${layer}`;
    last.set(key, Math.max(last.get(key) ?? Number.NEGATIVE_INFINITY, epoch ?? 0));
  }
  return rows.filter(({ run, layer, epoch }) => last.get(`${run}/${layer}`) === (epoch ?? 0));
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
