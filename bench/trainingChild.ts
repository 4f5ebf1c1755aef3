import { permutation, randomStream } from '../src/base/random/stream.ts';
import { syntheticImages } from '../src/experiment/data/syntheticImages.ts';
import { countParameters } from '../src/experiment/networks/network.ts';
import { resolveNetwork } from '../src/experiment/networks/resolveNetwork.ts';
import { engineOptions } from '../src/run/engineOptions.ts';
import { loadEngine } from '../src/train/engine/loadEngine.ts';
import { initialState } from '../src/train/initialWeights.ts';
import { callShapes, epochCalls } from '../src/train/step/sessionCalls.ts';
import { TrainingSession } from '../src/train/step/trainingSession.ts';
import { BENCH_CLASSES, type BenchNetwork, benchTask } from './benchNetworks.ts';
import { serveMeasurements } from './measurement.ts';

// A process of its own: node trainingChild.js NETWORK BATCH. Its units are steps of training, done as trainRun does them.
const [name, batch] = [process.argv[2] as BenchNetwork, Number(process.argv[3])];
const { inputShape, preprocessing, config } = benchTask(name, batch);
const { binding, info } = loadEngine(engineOptions({ threads: null, device: null }, [config]));
const network = resolveNetwork(name, inputShape, BENCH_CLASSES);
const data = syntheticImages(inputShape, BENCH_CLASSES, Math.max(10_000, batch * 4));
const session = new TrainingSession(binding, {
  network,
  config,
  preprocessing,
  classes: BENCH_CLASSES,
  calls: callShapes(data.count, batch, binding.isUsingGpuDevice()),
  train: data,
  test: {
    ...data,
    count: 1,
    images: data.images.subarray(0, data.images.length / data.count),
    labels: data.labels.subarray(0, 1),
  },
});
session.setState(initialState(network, 1, session.state));

/** The calls of one epoch after the other; the last, smaller batch of an epoch is left out so that every step has `batch` images. */
function* calls(): Generator<number> {
  for (let epoch = 1; ; epoch++) {
    const order = permutation(randomStream(1, `order/epoch=${epoch}`), data.count);
    for (const call of epochCalls(data.count, batch, 0, binding.isUsingGpuDevice())) {
      if (call.batch !== batch) continue;
      const from = call.first * batch;
      session.train(
        batch,
        call.steps,
        order.slice(from, from + batch * call.steps),
        config.learningRate,
        call.first,
      );
      yield call.steps;
    }
  }
}

const training = calls();
const work = (): number => training.next().value!;
for (let i = 0; i < 5; i++) work();
await serveMeasurements(
  {
    name: 'phasewatch',
    versions: `phasewatch, TensorFlow ${info.tensorflow}`,
    parameters: countParameters(network),
  },
  work,
);
