import type { RunConfig } from '../experiment/config/schema.ts';
import type { MetricsRow } from '../experiment/results/metricsRow.ts';

/** Returns whether the training loss has not fallen by more than `minDelta` for `patience` epochs, as Keras's EarlyStopping. */
export function shouldStop(rows: readonly MetricsRow[], rule: RunConfig['earlyStopping']): boolean {
  if (rule === null) return false;
  let best = Number.POSITIVE_INFINITY;
  let waited = 0;
  for (const { train_loss } of rows) {
    if (train_loss === null) continue;
    if (train_loss < best - rule.minDelta) {
      best = train_loss;
      waited = 0;
    } else {
      waited++;
    }
  }
  return waited >= rule.patience;
}
