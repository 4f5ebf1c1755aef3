import type { RunConfig } from '../experiment/config/schema.ts';

/** Returns the learning rate of an epoch, the first being 1: that of the config, multiplied by the decay after every epoch. */
export function learningRateOf(
  { learningRate, learningRateDecay }: Pick<RunConfig, 'learningRate' | 'learningRateDecay'>,
  epoch: number,
): number {
  return learningRate * learningRateDecay ** (epoch - 1);
}
