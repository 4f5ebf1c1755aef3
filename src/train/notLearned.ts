import type { RunConfig } from '../experiment/config/schema.ts';
import type { Network } from '../experiment/networks/network.ts';

/** What tells whether a run has learned, after its last epoch. */
export interface LearningSigns {
  /** Share of the training images that are answered rightly. */
  accuracy: number | null;
  /** Labels of the images that are trained on. */
  labels: Iterable<number>;
  classes: number;
  /** Trained layers whose weights the last epoch left as they were. */
  unchanged: readonly string[];
}

/** Returns the trained layers whose weights are the same, to the bit, in two states of a network. */
export function unchangedLayers(
  { parameters }: Network,
  { train }: Pick<RunConfig, 'train'>,
  before: ReadonlyMap<string, Float32Array>,
  after: ReadonlyMap<string, Float32Array>,
): string[] {
  return parameters
    .filter(({ kind, layer }) => kind === 'kernel' && (train === null || train.layers.includes(layer)))
    .filter(({ name }) => {
      const old = before.get(name)!;
      return after.get(name)!.every((value, i) => value === old[i]);
    })
    .map(({ layer }) => layer);
}

/** Above chance by less than half of it, and by less than 0.05: 0.15 of ten classes alike, 0.55 of two. */
const NEAR = { ratio: 1.5, difference: 0.05 };

/**
 * Returns why a network has not learned, in words, null where it has: it answers hardly better than the most frequent class alone, or
 * layers no longer change, as where no unit of a ReLU layer is ever active.
 */
export function notLearned({ accuracy, labels, classes, unchanged }: LearningSigns): string | null {
  const counts = new Array<number>(classes).fill(0);
  let images = 0;
  for (const label of labels) {
    counts[label]!++;
    images++;
  }
  const chance = counts.reduce((most, count) => Math.max(most, count), 0) / Math.max(1, images);
  const bound = Math.min(chance * NEAR.ratio, chance + NEAR.difference);
  const reasons = [
    ...(accuracy !== null && accuracy < bound
      ? [`training accuracy ${accuracy.toFixed(4)} is near chance, ${chance.toFixed(4)}`]
      : []),
    ...(unchanged.length > 0 ? [`the last epoch did not change ${unchanged.join(', ')}`] : []),
  ];
  return reasons.length === 0 ? null : reasons.join('; ');
}
