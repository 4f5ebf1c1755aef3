import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elementCount } from '../src/base/elementCount.ts';
import { permutation, randomStream } from '../src/base/random/stream.ts';
import { syntheticImages } from '../src/experiment/data/syntheticImages.ts';
import { resolveNetwork } from '../src/experiment/networks/resolveNetwork.ts';
import { writeMetricsCsv } from '../src/experiment/results/csvFiles.ts';
import { writeSnapshot } from '../src/experiment/results/snapshot.ts';
import { writeCheckpoint } from '../src/train/checkpoint.ts';
import { GraphSession, type SessionBinding } from '../src/train/graph/graphSession.ts';
import { addBatch, addIndices, dataFeeds, integerType } from '../src/train/step/batch.ts';
import { batchesPerEpoch, callShapes, epochCalls } from '../src/train/step/sessionCalls.ts';
import { float32 } from '../src/train/step/stepBuilder.ts';
import { buildTrainingGraph, nodes } from '../src/train/step/trainingGraph.ts';
import { BENCH_CLASSES, type BenchNetwork, benchTask } from './benchNetworks.ts';
import { takeFirst } from './machineLimits.ts';
import { median } from './statistics.ts';

/** Seconds that one epoch spends on other things than training steps. */
export interface EpochOverhead {
  /** Drawing the order of the images. */
  shuffling_s: number;
  /** Taking indices in and losses out, and starting the session, at every call. */
  feeding_s: number;
  /** Picking the images of each batch and preprocessing them, inside the graph. */
  preparing_s: number;
  /** Fetching the state, writing snapshot, metrics.csv and checkpoint with fsync. */
  saving_s: number;
}

/** Returns what an epoch of a network at a batch size spends beside the steps, each part measured alone. */
export function measureEpochOverhead(
  binding: SessionBinding,
  name: BenchNetwork,
  batch: number,
): EpochOverhead {
  const { inputShape, preprocessing, config, trainImages } = benchTask(name, batch);
  const network = resolveNetwork(name, inputShape, BENCH_CLASSES);
  const data = syntheticImages(inputShape, BENCH_CLASSES, 5_000);
  const gpu = binding.isUsingGpuDevice();
  const calls = callShapes(trainImages, batch, gpu);
  const fused = binding.fusedOperators !== null;
  const { graph, state } = buildTrainingGraph({
    network,
    config,
    preprocessing,
    classes: BENCH_CLASSES,
    fused,
    gpu,
    calls,
    trainImages: data.count,
    testImages: 1,
  });
  const indices = addIndices(graph, 'bench_indices', [batch], fused);
  const { images, labels } = addBatch(graph, 'train', indices, preprocessing, fused);
  const full = calls.find((call) => call.batch === batch)!;
  const call = nodes.train(batch, full.steps);
  const nothing = (name: string, after: readonly string[]): void =>
    void graph.op('Identity', [graph.scalar(1)], float32, { name, after });
  takeFirst(graph, images, 4, 'float32', 'bench_images');
  takeFirst(graph, labels, 1, integerType(fused), 'bench_labels');
  nothing('bench_fed', [call.indices, nodes.learningRate, nodes.stepNumber]);
  nothing('bench_nothing', []);
  const session = new GraphSession(binding, graph);
  try {
    const { feeds, done } = dataFeeds('train', data, inputShape, preprocessing);
    session.run(feeds, [done]);
    session.run(
      Object.fromEntries(
        state.map(({ name: variable, shape }) => {
          const zeros = new Float32Array(elementCount(shape));
          return [nodes.stateValue(variable), { dtype: 'float32' as const, shape, data: zeros }];
        }),
      ),
      [nodes.stateDone],
    );
    const order = new Int32Array(batch * full.steps);
    const scalars = {
      [nodes.learningRate]: { dtype: 'float32' as const, shape: [], data: Float32Array.of(1) },
      [nodes.stepNumber]: { dtype: 'int32' as const, shape: [], data: Int32Array.of(1) },
    };
    const feeding = secondsOf(() =>
      session.run(
        { [call.indices]: { dtype: 'int32', shape: [full.steps, batch], data: order }, ...scalars },
        ['bench_fed'],
      ),
    );
    const epochOrder = permutation(randomStream(1, 'bench/batch'), data.count);
    let from = 0;
    const preparing = secondsOf(() => {
      const chosen = epochOrder.slice(from, from + batch);
      from = from + 2 * batch > data.count ? 0 : from + batch;
      session.run({ bench_indices: { dtype: 'int32', shape: [batch], data: chosen } }, [
        'bench_images',
        'bench_labels',
      ]);
    });
    const bare = secondsOf(() => session.run({}, ['bench_nothing']));
    return {
      shuffling_s: secondsOf(() => permutation(randomStream(1, 'order/epoch=1'), trainImages)),
      feeding_s: feeding * epochCalls(trainImages, batch, 0, gpu).length,
      preparing_s: Math.max(0, preparing - bare) * batchesPerEpoch(trainImages, batch),
      saving_s: measureSaving(session, state, network),
    };
  } finally {
    session.close();
  }
}

function measureSaving(
  session: GraphSession,
  state: ReturnType<typeof buildTrainingGraph>['state'],
  network: ReturnType<typeof resolveNetwork>,
): number {
  const folder = mkdtempSync(join(tmpdir(), 'phasewatch-bench-'));
  try {
    return secondsOf(() => {
      const fetched = session.run(
        {},
        state.map(({ name }) => nodes.stateRead(name)),
      );
      const values = new Map(state.map(({ name }, i) => [name, fetched[i] as Float32Array]));
      const kernels = network.analyzedLayers.map((layer) => {
        const { name, shape } = network.parameters.find(({ name }) => name === `${layer}/kernel`)!;
        return { layer, shape, data: values.get(name)! };
      });
      writeSnapshot(join(folder, 'snapshot.safetensors'), 1, kernels, 'float32');
      writeMetricsCsv(join(folder, 'metrics.csv'), []);
      const position = { epoch: 1, batches: 0, lossSum: 0, correct: 0, images: 0, seconds: 0 };
      writeCheckpoint(join(folder, 'checkpoint.safetensors'), 'bench', position, state, values);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Returns the seconds of one call of `work`: the median of at least 5 and at most 200 calls within about 0.3 s. */
function secondsOf(work: () => void): number {
  work();
  const times: number[] = [];
  const start = performance.now();
  while (times.length < 5 || (performance.now() - start < 300 && times.length < 200)) {
    const before = performance.now();
    work();
    times.push((performance.now() - before) / 1000);
  }
  return median(times);
}
