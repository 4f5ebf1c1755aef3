import type { NETWORK_NAMES } from '../src/experiment/config/schema.ts';
import { type RunConfig, runConfigSchema } from '../src/experiment/config/schema.ts';
import type { Preprocessing } from '../src/experiment/data/datasets.ts';

export const BENCH_NETWORKS = [
  'lenet5',
  'miniAlexNet',
  'mlp3',
] as const satisfies (typeof NETWORK_NAMES)[number][];
export type BenchNetwork = (typeof BENCH_NETWORKS)[number];

/** What is trained in a benchmark, here and, written again in bench/peers, by the peers. */
export interface BenchTask {
  inputShape: readonly [number, number, number];
  preprocessing: Preprocessing;
  config: RunConfig;
  /** Images of an epoch and of its evaluation, as in MNIST and CIFAR-10. */
  trainImages: number;
  testImages: number;
}

export const BENCH_CLASSES = 10;

/** Returns the benchmark of a network: cross-entropy, and the optimizer that the paper trains it with. */
export function benchTask(network: BenchNetwork, batchSize: number): BenchTask {
  const adadelta = { optimizer: { type: 'adadelta' }, learningRate: 1 };
  const momentum = { optimizer: { type: 'momentum', momentum: 0.9 }, learningRate: 0.01 };
  const isLeNet = network === 'lenet5';
  return {
    inputShape: isLeNet ? [28, 28, 1] : [28, 28, 3],
    preprocessing: isLeNet ? 'unitScale' : 'perImageStandardization',
    config: runConfigSchema.parse({
      network,
      dataset: isLeNet ? 'mnist' : 'cifar10',
      ...(isLeNet ? adadelta : momentum),
      batchSize,
    }),
    trainImages: isLeNet ? 60_000 : 50_000,
    testImages: 10_000,
  };
}
