import { COLUMN_OF, type Column, type RowOf } from '../../spectra/columns.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import { accuracyGap, type MetricsRow } from './metricsRow.ts';
import { differingSettings, settingText } from './runSettings.ts';

/** The columns that joining adds to a row of spectra.csv. */
// biome-ignore format: a table reads line by line
export const JOINED_COLUMNS = [
  ['batch_size', 'integer | null', 'batch size', '', 'batch size of the run'],
  ['learning_rate', 'number | null', 'learning rate', '', 'learning rate of the config'],
  ['seed', 'integer | null', 'seed', '', 'seed of the run'],
  ['setting', 'text', 'setting', '', 'settings other than batch size and seed that differ between the runs, as text; empty where none does'],
  ['train_accuracy', 'number | null', 'training accuracy', '', 'mean over the epoch while training'],
  ['evaluated_train_accuracy', 'number | null', 'training accuracy after the epoch', '', 'after the epoch, as the test accuracy is taken'],
  ['test_accuracy', 'number | null', 'test accuracy', '', 'after the epoch'],
  ['train_loss', 'number | null', 'training loss', 'nat', 'mean over the epoch while training'],
  ['test_loss', 'number | null', 'test loss', 'nat', 'after the epoch'],
  ['test_error', 'number | null', 'test error', '', '1 - test accuracy'],
  ['gap', 'number | null', 'generalization gap (accuracy)', '', 'training minus test accuracy, both after the epoch; while training where the former was not evaluated'],
  ['loss_gap', 'number | null', 'generalization gap (loss)', 'nat', 'test minus training loss, both after the epoch; the loss while training, with the L2 penalty, where the latter was not evaluated'],
] as const satisfies readonly Column[];

/** A spectrum beside the settings of its run and the metrics of its epoch; null where the run has none. */
export type JoinedRow = SpectrumRow & RowOf<typeof JOINED_COLUMNS>;

/** Returns the column of that name of a joined row. Throws RangeError for one of another version. */
export function joinedColumn(name: string): Column {
  const column = JOINED_COLUMNS.find(([known]) => known === name) ?? COLUMN_OF.get(name);
  if (column === undefined) throw new RangeError(`unknown column: ${name}`);
  return column;
}

/** Returns what headings, menus and axes call a column of a joined row. */
export const joinedLabel = (name: string): string => joinedColumn(name)[2];

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
    const { evaluated_train_accuracy = null, evaluated_train_loss = null } = metrics ?? {};
    const comparedLoss = evaluated_train_loss ?? train_loss;
    const { test_accuracy = null, test_loss = null } = metrics ?? {};
    return {
      ...row,
      batch_size: numberOf(run?.config?.batchSize),
      learning_rate: numberOf(run?.config?.learningRate),
      seed: numberOf(run?.config?.seed),
      setting: settings.get(row.run ?? '') ?? '',
      train_accuracy,
      evaluated_train_accuracy,
      test_accuracy,
      train_loss,
      test_loss,
      test_error: test_accuracy === null ? null : 1 - test_accuracy,
      gap: metrics === undefined ? null : accuracyGap(metrics),
      loss_gap: comparedLoss === null || test_loss === null ? null : test_loss - comparedLoss,
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
