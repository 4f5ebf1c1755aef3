import { DATASET_SHAPES } from '../config/datasetShape.ts';
import type { RunConfig } from '../config/schema.ts';
import { PREPROCESSING } from '../data/preprocessing.ts';
import type { SessionBinding } from '../graph/graphSession.ts';
import { initialWeights } from '../networks/initialWeights.ts';
import { callShapes, epochCalls } from '../train/sessionCalls.ts';
import { type ImageSplit, TrainingSession } from '../train/trainingSession.ts';
import { networkOf } from './checkRun.ts';

/** Long enough to even out the noise of a busy machine, short enough to wait for. */
const TIMED_SECONDS = 1.5;
/** The first calls build kernels and fill caches. */
const UNTIMED_CALLS = 2;
const IMAGES = 2000;

/** Returns the images per second at which the engine trains a run, measured on a few steps with blank images. */
export function measureSpeed(binding: SessionBinding, config: RunConfig): number {
  const { inputShape, classes } = DATASET_SHAPES[config.dataset];
  const network = networkOf(config);
  const count = Math.max(config.batchSize, IMAGES - (IMAGES % config.batchSize));
  const session = new TrainingSession(binding, {
    network,
    config,
    preprocessing: PREPROCESSING[config.dataset],
    classes,
    calls: callShapes(count, config.batchSize),
    train: blankImages(inputShape, classes, count),
    test: blankImages(inputShape, classes, 1),
  });
  try {
    const weights = initialWeights(network, config.seed);
    const initial = session.state.map(({ name, shape }): [string, Float32Array] => [
      name,
      weights.get(name) ?? new Float32Array(shape.reduce((a, b) => a * b, 1)),
    ]);
    session.setState(new Map(initial));
    return timeCalls(session, config, count);
  } finally {
    session.close();
  }
}

function timeCalls(session: TrainingSession, { batchSize, learningRate }: RunConfig, count: number): number {
  const calls = epochCalls(count, batchSize, 0);
  let images = 0;
  let started = performance.now();
  for (let i = 0; ; i++) {
    const { first, batch, steps } = calls[i % calls.length]!;
    const indices = Int32Array.from({ length: batch * steps }, (_, k) => first * batchSize + k);
    session.train(batch, steps, indices, learningRate, first);
    if (i + 1 === UNTIMED_CALLS) started = performance.now();
    if (i < UNTIMED_CALLS) continue;
    images += batch * steps;
    const seconds = (performance.now() - started) / 1000;
    if (seconds >= TIMED_SECONDS) return images / seconds;
  }
}

/** Labels go round the classes; what is on the images does not change the arithmetic. */
function blankImages(shape: readonly number[], classes: number, count: number): ImageSplit {
  return {
    images: new Uint8Array(count * shape.reduce((a, b) => a * b, 1)).fill(1),
    labels: Uint8Array.from({ length: count }, (_, i) => i % classes),
    count,
  };
}
