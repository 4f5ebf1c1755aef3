import { largestOf, smallestOf } from '../src/base/extremes.ts';
import type { Circumstances } from '../src/base/machine/circumstances.ts';
import { resolveNetwork } from '../src/experiment/networks/resolveNetwork.ts';
import { trainingFlopsPerImage } from '../src/experiment/networks/trainingFlops.ts';
import type { SessionBinding } from '../src/train/graph/graphSession.ts';
import { BENCH_CLASSES, type BenchNetwork, benchTask } from './benchNetworks.ts';
import { nodeChild, pythonChild } from './benchProcesses.ts';
import { type EpochOverhead, measureEpochOverhead } from './epochOverhead.ts';
import type { Measurement } from './measurement.ts';
import type { MeasurementBesideOthers, MeasuringChild } from './measuringChild.ts';
import { geometricMean, median } from './statistics.ts';

export interface TrainBenchOptions {
  networks: readonly BenchNetwork[];
  batches: readonly number[];
  rounds: number;
  seconds: number;
  /** Python interpreter that has Keras and PyTorch; null: no peers. */
  python: string | null;
  onProgress(text: string): void;
}

/** Speed of one framework on one network at one batch size: medians over the rounds. */
export interface TrainSpeed {
  name: string;
  versions: string;
  images_per_s: number;
  images_per_cpu_s: number;
  /** Most memory its process has had. */
  peak_rss_mib: number;
  /** Over the rounds: the median of CPU over wall, the fewest cores, the most that the host and other programs took. */
  circumstances: Omit<Circumstances, 'reason'>;
}

export interface TrainCell {
  network: BenchNetwork;
  batch: number;
  phasewatch: TrainSpeed;
  peers: TrainSpeed[];
  /** phasewatch over the fastest peer; null without peers. */
  ratio: number | null;
  /** The same of images a CPU second. */
  cpu_ratio: number | null;
  /** Arithmetic of products of matrices in billions a second, and its share of the peak of the same rounds. */
  gflops: number;
  share_of_peak: number;
  /** The same of a CPU second. */
  cpu_share_of_peak: number;
}

export interface TrainBench {
  cells: TrainCell[];
  /** Medians over all rounds: multiplying 2048 x 2048 float32 matrices, and adding a 256 MiB vector to another. */
  peak_gflops: number;
  bandwidth_gb_per_s: number;
  /** Geometric means over the cells. */
  ratio: number | null;
  cpu_ratio: number | null;
}

interface Facts {
  name: string;
  versions: string;
  parameters: number;
}

/**
 * Returns the speed of training, phasewatch beside its peers: in each round every framework is given the cores in turn, each in a
 * new process of its own, so that what else the machine does hits all alike.
 */
export async function benchTraining(options: TrainBenchOptions): Promise<TrainBench> {
  const limits = {
    product: nodeChild('limitsChild', ['product']),
    update: nodeChild('limitsChild', ['update']),
  };
  try {
    await Promise.all([limits.product.ready(), limits.update.ready()]);
    const peaks: number[] = [];
    const cells: TrainCell[] = [];
    for (const network of options.networks) {
      for (const batch of options.batches) {
        options.onProgress(`${network}, batch ${batch}`);
        cells.push(await benchCell(network, batch, options, limits.product, peaks));
      }
    }
    const bandwidths: number[] = [];
    for (let round = 0; round < options.rounds; round++) {
      bandwidths.push(perSecond(await limits.update.measure(options.seconds / 2)) / 1e9);
    }
    return {
      cells,
      peak_gflops: median(peaks),
      bandwidth_gb_per_s: median(bandwidths),
      ratio: geometricMean(cells.flatMap(({ ratio }) => ratio ?? [])),
      cpu_ratio: geometricMean(cells.flatMap(({ cpu_ratio }) => cpu_ratio ?? [])),
    };
  } finally {
    limits.product.close();
    limits.update.close();
  }
}

async function benchCell(
  network: BenchNetwork,
  batch: number,
  options: TrainBenchOptions,
  product: MeasuringChild<object>,
  peaks: number[],
): Promise<TrainCell> {
  const rounds: Round[] = [];
  for (let round = 0; round < options.rounds; round++) {
    rounds.push(await measureRound(network, batch, options, product));
  }
  const facts = rounds[0]!.facts;
  const products = rounds.map((round) => round.product);
  for (const measurement of products) peaks.push(perSecond(measurement) / 1e9);
  const speeds = facts.map(({ name, versions }, i): TrainSpeed => {
    const measured = rounds.map((round) => round.measured[i]!);
    return {
      name,
      versions,
      images_per_s: median(measured.map((m) => batch * perSecond(m))),
      images_per_cpu_s: median(measured.map((m) => batch * perCpuSecond(m))),
      peak_rss_mib: largestOf(measured.map((m) => m.peak_rss_mib)),
      circumstances: circumstancesOf(measured.map(({ circumstances }) => circumstances)),
    };
  });
  const [phasewatch, ...peers] = speeds as [TrainSpeed, ...TrainSpeed[]];
  const fastest = (key: 'images_per_s' | 'images_per_cpu_s'): number | null =>
    peers.length === 0 ? null : phasewatch[key] / largestOf(peers.map((peer) => peer[key]));
  const flops = trainingFlopsPerImage(
    resolveNetwork(network, benchTask(network, batch).inputShape, BENCH_CLASSES),
  );
  return {
    network,
    batch,
    phasewatch,
    peers,
    ratio: fastest('images_per_s'),
    cpu_ratio: fastest('images_per_cpu_s'),
    gflops: (phasewatch.images_per_s * flops) / 1e9,
    share_of_peak: (phasewatch.images_per_s * flops) / median(products.map(perSecond)),
    cpu_share_of_peak: (phasewatch.images_per_cpu_s * flops) / median(products.map(perCpuSecond)),
  };
}

function circumstancesOf(rounds: readonly Circumstances[]): Omit<Circumstances, 'reason'> {
  const known = (key: keyof Omit<Circumstances, 'reason'>): number[] =>
    rounds.flatMap((round) => round[key] ?? []);
  const of = (values: readonly number[], pick: (values: readonly number[]) => number): number | null =>
    values.length === 0 ? null : pick(values);
  return {
    cpu_over_wall: of(known('cpu_over_wall'), median),
    cores_used: of(known('cores_used'), smallestOf),
    steal_cores: of(known('steal_cores'), largestOf),
    other_cores: of(known('other_cores'), largestOf),
  };
}

interface Round {
  facts: Facts[];
  measured: MeasurementBesideOthers[];
  product: Measurement;
}

/** Returns one round of a cell. Its processes are new: what the system makes of the threads of one does not last for all rounds. */
async function measureRound(
  network: BenchNetwork,
  batch: number,
  { seconds, python }: TrainBenchOptions,
  product: MeasuringChild<object>,
): Promise<Round> {
  const frameworks = [nodeChild<Facts>('trainingChild', [network, String(batch)])];
  if (python !== null) {
    frameworks.push(
      pythonChild(python, 'keras_training.py', [network, String(batch), String(seconds)]),
      pythonChild(python, 'torch_training.py', [network, String(batch)]),
    );
  }
  try {
    const facts = await Promise.all(frameworks.map((child) => child.ready()));
    const different = facts.find(({ parameters }) => parameters !== facts[0]!.parameters);
    if (different !== undefined) {
      throw new Error(
        `${network} must have the same weights everywhere, got ${facts[0]!.parameters} and in ${different.name} ${different.parameters}`,
      );
    }
    const measuredProduct = await product.measure(Math.min(0.5, seconds));
    const measured: MeasurementBesideOthers[] = [];
    for (const child of frameworks) measured.push(await child.measure(seconds));
    return { facts, measured, product: measuredProduct };
  } finally {
    for (const child of frameworks) child.close();
  }
}

/** What an epoch of a cell costs beside its steps, and its share of the time of the epoch's steps. */
export interface OverheadRow extends EpochOverhead {
  network: BenchNetwork;
  batch: number;
  steps_s: number;
  share: number;
}

/** Returns the overhead of an epoch for every cell that was measured. */
export function benchOverhead(binding: SessionBinding, cells: readonly TrainCell[]): OverheadRow[] {
  return cells.map(({ network, batch, phasewatch }) => {
    const overhead = measureEpochOverhead(binding, network, batch);
    const steps_s = benchTask(network, batch).trainImages / phasewatch.images_per_s;
    const total = Object.values(overhead).reduce((a, b) => a + b, 0);
    return { network, batch, steps_s, ...overhead, share: total / steps_s };
  });
}

function perSecond({ units, wall_s }: Measurement): number {
  return units / wall_s;
}

function perCpuSecond({ units, cpu_s }: Measurement): number {
  return units / cpu_s;
}
