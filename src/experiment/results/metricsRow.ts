/** One row of metrics.csv: the state after `epoch`; epoch 0 is the initial state, which has no training figures. */
export interface MetricsRow {
  epoch: number;
  learning_rate: number | null;
  /** Mean over the epoch's batches while training, as the Keras progress bar has it; L2 penalty included in the loss. */
  train_loss: number | null;
  train_accuracy: number | null;
  test_loss: number;
  test_accuracy: number;
  images_per_second: number | null;
  /** Seconds of the epoch's training steps; evaluation and snapshots are not in it. */
  train_time_s: number | null;
  /** Under which circumstances that speed was measured (src/base/machine/circumstances.ts); null where it is not known. */
  cpu_over_wall: number | null;
  cores_used: number | null;
  steal_cores: number | null;
  other_cores: number | null;
}

export const METRICS_COLUMNS = [
  'epoch',
  'learning_rate',
  'train_loss',
  'train_accuracy',
  'test_loss',
  'test_accuracy',
  'images_per_second',
  'train_time_s',
  'cpu_over_wall',
  'cores_used',
  'steal_cores',
  'other_cores',
] as const satisfies readonly (keyof MetricsRow)[];

/** What stands in a row without training, and in those of earlier versions, which do not have these columns. */
export const NO_CIRCUMSTANCES = {
  cpu_over_wall: null,
  cores_used: null,
  steal_cores: null,
  other_cores: null,
} as const satisfies Partial<MetricsRow>;
