import { UserError } from '../src/base/userError.ts';
import type { NETWORK_NAMES } from '../src/experiment/config/networkSchema.ts';
import type { RunConfig } from '../src/experiment/config/schema.ts';
import { datasetFacts } from '../src/experiment/data/datasetFacts.ts';
import type { Preprocessing } from '../src/experiment/data/datasets.ts';
import { usualTraining } from '../src/experiment/networks/usualTraining.ts';

export const BENCH_NETWORKS = [
  'lenet5',
  'miniAlexNet',
  'mlp3',
] as const satisfies (typeof NETWORK_NAMES)[number][];
export type BenchNetwork = (typeof BENCH_NETWORKS)[number];

/** Returns the network of that name; throws UserError where none has it. */
export function benchNetwork(name: string | undefined): BenchNetwork {
  const network = BENCH_NETWORKS.find((known) => known === name);
  if (network !== undefined) return network;
  throw new UserError(`unknown network: ${name} (known: ${BENCH_NETWORKS.join(', ')})`);
}

/** What is trained in a benchmark, here and, written again in peers/, by the peers. */
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
  const config = usualTraining(network, { batchSize });
  return { ...datasetFacts(config.dataset), config };
}
