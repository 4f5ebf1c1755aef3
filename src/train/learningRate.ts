import type { RunConfig } from '../experiment/config/schema.ts';

/**
 * Returns the learning rate of an epoch, the first being 1: that of the config, multiplied by the decay after every epoch, and by what
 * the schedule has for the epoch.
 */
export function learningRateOf(
  {
    learningRate,
    learningRateDecay,
    schedule,
    epochs,
  }: Pick<RunConfig, 'learningRate' | 'learningRateDecay' | 'schedule' | 'epochs'>,
  epoch: number,
): number {
  const decayed = learningRate * learningRateDecay ** (epoch - 1);
  return schedule === null ? decayed : decayed * scheduledShare(schedule, epochs, epoch);
}

function scheduledShare(schedule: NonNullable<RunConfig['schedule']>, epochs: number, epoch: number): number {
  const { type, at, every, factor, final, warmUp } = schedule;
  if (epoch <= warmUp) return epoch / warmUp;
  switch (type) {
    case 'constant':
      return 1;
    case 'step': {
      const given = at?.filter((last) => last < epoch).length ?? 0;
      const regular = every === null ? 0 : Math.floor((epoch - 1) / every);
      return factor ** (given + regular);
    }
    case 'cosine': {
      // The first epoch after the warm-up has the full rate; the end is reached behind the last epoch, as in Keras and PyTorch.
      const length = Math.max(1, (schedule.epochs ?? epochs) - warmUp);
      const done = Math.min(1, (epoch - 1 - warmUp) / length);
      return final + ((1 - final) * (1 + Math.cos(Math.PI * done))) / 2;
    }
  }
}
