import type { NETWORK_NAMES } from '../config/networkSchema.ts';
import { parseRunConfig, type RunConfig } from '../config/schema.ts';

/** Returns a run of a network as the paper trains it: its images, cross-entropy, its optimizer and the rate of that. */
export function usualTraining(
  network: (typeof NETWORK_NAMES)[number],
  settings: Pick<RunConfig, 'batchSize'> & Partial<Pick<RunConfig, 'convolution' | 'compile'>>,
): RunConfig {
  const isLeNet = network === 'lenet5';
  return parseRunConfig({
    network,
    dataset: isLeNet ? 'mnist' : 'cifar10',
    ...(isLeNet
      ? { optimizer: { type: 'adadelta' }, learningRate: 1 }
      : { optimizer: { type: 'momentum', momentum: 0.9 }, learningRate: 0.01 }),
    ...settings,
  });
}
