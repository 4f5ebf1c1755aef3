import type { Column, RowOf } from '../../spectra/columns.ts';

/** Columns of metrics.csv, in file order: the state after `epoch`; epoch 0 is the initial state, which has no training figures. */
// biome-ignore format: a table reads line by line
export const METRICS_COLUMNS = [
  ['epoch', 'integer', 'epoch', '', '0: the initial state'],
  ['learning_rate', 'number | null', 'learning rate', '', 'learning rate of the epoch'],
  ['train_loss', 'number | null', 'training loss', 'nat', "mean over the epoch's batches while training, as the Keras progress bar has it; L2 penalty included"],
  ['train_accuracy', 'number | null', 'training accuracy', '', "mean over the epoch's batches while training"],
  ['evaluated_train_loss', 'number | null', 'training loss after the epoch', 'nat', 'after the epoch, as the test loss is taken: no dropout, no penalty; on as many of the training images as there are test images, drawn once by seed, or all where there are fewer'],
  ['evaluated_train_accuracy', 'number | null', 'training accuracy after the epoch', '', 'on the same images; the generalization gap is taken from it'],
  ['validation_loss', 'number | null', 'validation loss', 'nat', 'after the epoch, on the images that `validation` holds out'],
  ['validation_accuracy', 'number | null', 'validation accuracy', '', 'on the same images'],
  ['test_loss', 'number', 'test loss', 'nat', 'after the epoch'],
  ['test_accuracy', 'number', 'test accuracy', '', 'after the epoch'],
  ['images_per_second', 'number | null', 'images per second', '1/s', 'of the training steps'],
  ['train_time_s', 'number | null', 'training time', 's', "seconds of the epoch's training steps; evaluation and snapshots are not in it"],
  ['cpu_over_wall', 'number | null', 'cores kept busy', '', 'processor time of the process over wall time while training; empty, as the next three, where it is not known'],
  ['cores_used', 'number | null', 'cores used', '', 'processors on which its working threads were last seen'],
  ['steal_cores', 'number | null', 'cores stolen', '', "cores' worth of time that the host of a virtual machine gave to others while there was work to do"],
  ['other_cores', 'number | null', 'cores of others', '', 'cores that other programs kept busy; other runs of the same sweep are no others'],
] as const satisfies readonly Column[];

/** One row of metrics.csv. */
export type MetricsRow = RowOf<typeof METRICS_COLUMNS>;

/** What stands in rows of earlier versions, which did not evaluate these. */
export const NOT_EVALUATED = {
  evaluated_train_loss: null,
  evaluated_train_accuracy: null,
  validation_loss: null,
  validation_accuracy: null,
} as const satisfies Partial<MetricsRow>;

type Accuracies = Record<'train_accuracy' | 'evaluated_train_accuracy' | 'test_accuracy', number | null>;

/**
 * Returns the training accuracy that stands beside the test accuracy, in gaps, tables and comparisons: that after the epoch; where it was
 * not evaluated, the mean while training.
 */
export function fittedAccuracy({
  train_accuracy,
  evaluated_train_accuracy,
}: Omit<Accuracies, 'test_accuracy'>): number | null {
  return evaluated_train_accuracy ?? train_accuracy;
}

/** Returns the fitted minus the test accuracy after the epoch. */
export function accuracyGap({ test_accuracy, ...accuracies }: Accuracies): number | null {
  const train = fittedAccuracy(accuracies);
  return train === null || test_accuracy === null ? null : train - test_accuracy;
}

/** What stands in a row without training, and in those of earlier versions, which do not have these columns. */
export const NO_CIRCUMSTANCES = {
  cpu_over_wall: null,
  cores_used: null,
  steal_cores: null,
  other_cores: null,
} as const satisfies Partial<MetricsRow>;
