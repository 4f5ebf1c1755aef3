import type * as Plot from '@observablehq/plot';
import { largestOf, smallestOf } from '../../base/extremes.ts';
import { niceAxis, readableLogTicks } from './axisTicks.ts';

/** Returns the scale of epochs, ticks on whole ones, to the last epoch and no further. */
export function epochScale(epochs: readonly number[]): Plot.ScaleOptions {
  const axis = niceAxis(epochs, { count: 8 });
  const [first, last] = [smallestOf(epochs), largestOf(epochs)];
  const whole = axis.ticks.filter((at) => Number.isInteger(at) && at >= first && at <= last);
  return {
    domain: [first, last],
    ticks: whole,
    tickFormat: String,
    label: 'epoch',
  };
}

/** Returns the scale of the place of a layer in its model, from 1. */
export function depthScale(layers: number): Plot.ScaleOptions {
  const { ticks } = niceAxis([1, layers], { count: 10 });
  return {
    domain: [0.5, layers + 0.5],
    ticks: ticks.filter((at) => Number.isInteger(at) && at >= 1 && at <= layers),
    tickFormat: String,
    label: 'layer, in the order of the file',
  };
}

/**
 * A logarithmic scale of batch sizes whose ticks are the sizes themselves, with a little room at both ends. The points must be
 * given as log2 of the size: a log scale of d3 leaves out the labels of ticks that are not round in base 10.
 */
export function batchScale(logSizes: readonly number[], width: number): Plot.ScaleOptions {
  const ticks = readableLogTicks(
    logSizes.map((at) => Math.round(2 ** at)),
    width,
  );
  return {
    domain: [smallestOf(logSizes) - 0.3, largestOf(logSizes) + 0.3],
    ticks: ticks.map(Math.log2),
    tickFormat: (_: number, i: number) => String(ticks[i]),
    label: 'batch size (log)',
  };
}
