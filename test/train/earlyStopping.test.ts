import { expect, it } from 'vitest';
import { type MetricsRow, NO_CIRCUMSTANCES, NOT_EVALUATED } from '../../src/experiment/results/metricsRow.ts';
import { shouldStop } from '../../src/train/earlyStopping.ts';

const rows = (losses: (number | null)[]): MetricsRow[] =>
  losses.map((train_loss, epoch) => ({
    epoch,
    learning_rate: null,
    train_loss,
    train_accuracy: null,
    test_loss: 1,
    test_accuracy: 0,
    images_per_second: null,
    train_time_s: null,
    ...NO_CIRCUMSTANCES,
    ...NOT_EVALUATED,
  }));

it.each([
  // epoch 0 has no training loss
  { losses: [null], patience: 1, minDelta: 0, stops: false },
  { losses: [null, 5, 4, 3], patience: 1, minDelta: 0, stops: false },
  { losses: [null, 5, 4, 4], patience: 1, minDelta: 0, stops: true },
  { losses: [null, 5, 4, 4, 3], patience: 2, minDelta: 0, stops: false },
  { losses: [null, 5, 4, 4.5, 4.2], patience: 2, minDelta: 0, stops: true },
  // small falls do not count, and do not lower the mark either, so that together they may
  { losses: [null, 5, 4.5, 4], patience: 2, minDelta: 1, stops: true },
  { losses: [null, 5, 4.5, 3.9], patience: 2, minDelta: 1, stops: false },
])('after $losses with patience $patience and minDelta $minDelta: $stops', ({ losses, stops, ...rule }) => {
  expect(shouldStop(rows(losses), rule)).toBe(stops);
  expect(shouldStop(rows(losses), null)).toBe(false);
});
