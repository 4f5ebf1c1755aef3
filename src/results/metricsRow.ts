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
] as const satisfies readonly (keyof MetricsRow)[];
