import { firstNotFinite } from '../base/firstNotFinite.ts';

/** A loss or weights that are no longer finite numbers. Everything up to the last finished epoch is on disk. */
export class DivergenceError extends Error {
  override readonly name = 'DivergenceError';
}

/** Throws DivergenceError for a loss that is not finite. `when` says where in the training; `lastLoss` is the last finite one. */
export function checkLoss(loss: number | null, when: string, lastLoss: string): void {
  if (Number.isFinite(loss)) return;
  throw new DivergenceError(
    `loss must be a finite number, got ${loss} ${when} (last finite loss ${lastLoss})`,
  );
}

/**
 * Throws DivergenceError for weights that are not finite after an epoch. A loss can stay finite where weights do not: of ReLU units
 * that are NaN, none may be active.
 */
export function checkWeights(
  values: ReadonlyMap<string, Float32Array>,
  epoch: number,
  lastLoss: number | null,
): void {
  for (const [name, data] of values) {
    const bad = firstNotFinite(data);
    if (bad !== null) {
      throw new DivergenceError(
        `weights must be finite numbers, got ${data[bad]} at index ${bad} of ${name} after epoch ${epoch} ` +
          `(last finite loss ${lossText(lastLoss)})`,
      );
    }
  }
}

/** Returns a loss as the messages have it. */
export const lossText = (loss: number | null): string => (loss === null ? 'none' : loss.toPrecision(6));
