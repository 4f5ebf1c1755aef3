import { elementCount } from '../base/elementCount.ts';
import { circumstancesBetween, readCounters } from '../base/machine/circumstances.ts';
import type { RunConfig } from '../experiment/config/schema.ts';
import type { Split } from '../experiment/data/dataset.ts';
import { datasetFacts } from '../experiment/data/datasetFacts.ts';
import type { MeasuredSpeed } from '../experiment/plan/speedCache.ts';
import { networkOf } from '../experiment/sweep/checkRun.ts';
import type { SessionBinding } from '../train/graph/graphSession.ts';
import { initialState } from '../train/initialWeights.ts';
import { callShapes, epochCalls } from '../train/step/sessionCalls.ts';
import { TrainingSession } from '../train/step/trainingSession.ts';

/** Long enough to even out the noise of a busy machine, short enough to wait for. */
const TIMED_SECONDS = 1.5;
/** The first calls build kernels and fill caches. */
const UNTIMED_CALLS = 2;
const IMAGES = 2000;

/** A run made ready to be timed. */
export interface SpeedMeasurement {
  /** Returns the images per second of a few steps, and under which circumstances. */
  measure(): Pick<MeasuredSpeed, 'imagesPerSecond' | 'circumstances'>;
  close(): void;
}

/** Returns a run on blank images, built and warmed up, whose steps can be timed. */
export function prepareMeasurement(binding: SessionBinding, config: RunConfig): SpeedMeasurement {
  const { inputShape, classes, preprocessing } = datasetFacts(config.dataset);
  const network = networkOf(config);
  const gpu = binding.isUsingGpuDevice();
  const count = Math.max(config.batchSize, IMAGES - (IMAGES % config.batchSize));
  const session = new TrainingSession(binding, {
    network,
    config,
    preprocessing,
    classes,
    calls: callShapes(count, config.batchSize, gpu),
    train: blankImages(inputShape, classes, count),
    test: blankImages(inputShape, classes, 1),
  });
  session.setState(initialState(network, config.seed, session.state));
  const calls = endlessCalls(session, config, count, gpu);
  for (let i = 0; i < UNTIMED_CALLS; i++) calls.next();
  return {
    measure: () => {
      let images = 0;
      const before = readCounters();
      const started = performance.now();
      let seconds = 0;
      while (seconds < TIMED_SECONDS) {
        images += calls.next().value;
        seconds = (performance.now() - started) / 1000;
      }
      return {
        imagesPerSecond: images / seconds,
        circumstances: circumstancesBetween(before, readCounters()),
      };
    },
    close: () => session.close(),
  };
}

/** Trains epoch after epoch, a call at a time, and gives the images of each. */
function* endlessCalls(
  session: TrainingSession,
  { batchSize, learningRate }: RunConfig,
  count: number,
  gpu: boolean,
): Generator<number, never> {
  while (true) {
    for (const { first, batch, steps } of epochCalls(count, batchSize, 0, gpu)) {
      const indices = Int32Array.from({ length: batch * steps }, (_, i) => first * batchSize + i);
      session.train(batch, steps, indices, learningRate, first);
      yield batch * steps;
    }
  }
}

/** Labels go round the classes; what is on the images does not change the arithmetic. */
function blankImages(shape: readonly number[], classes: number, count: number): Split {
  return {
    images: new Uint8Array(count * elementCount(shape)).fill(1),
    labels: Uint8Array.from({ length: count }, (_, i) => i % classes),
    count,
  };
}
