import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { openSafetensors, type SafetensorsFile } from '../../src/base/safetensors/safetensors.ts';
import type { RunConfig } from '../../src/experiment/config/schema.ts';
import type { Network } from '../../src/experiment/networks/network.ts';
import { resolveNetwork } from '../../src/experiment/networks/resolveNetwork.ts';
import { loadEngine } from '../../src/train/engine/loadEngine.ts';
import { TrainingSession } from '../../src/train/step/trainingSession.ts';
import {
  BATCH,
  batchIndices,
  CLASSES,
  type KerasCase,
  kerasImages,
  kerasInitialWeights,
  sampleIndices,
  TEST_IMAGES,
} from './kerasCases.ts';
import { relativeError } from './smallTraining.ts';

export type KerasNetwork = 'lenet5' | 'mlp3' | 'miniAlexNet' | 'miniAlexNetBatchNorm';

/** What Keras 3 agrees with to, in the norm of each tensor: its weights, and their change since the start. */
const WEIGHTS_TOLERANCE = 1e-4;
const CHANGE_TOLERANCE = 1e-2;
/** Of the loss of a step, relative to that of the first. */
const LOSS_TOLERANCE = 1e-3;
/** Half the distance of two float32 numbers near 1, with room for every step to round. */
const ROUNDING = 1e-6;

/**
 * Trains `steps` of the steps that the fixture holds and compares the losses, and the weights where the fixture has them. Winograd's
 * convolution rounds more, so that more ReLUs fall to the other side than between two plain ones; winograd.test.ts compares it op by op.
 */
export function compareWithKeras(
  name: KerasNetwork,
  run: KerasCase,
  steps: 10 | 50,
  convolution: RunConfig['convolution'] = 'plain',
): void {
  const shape = name === 'lenet5' ? [28, 28, 1] : [28, 28, 3];
  const network = resolveNetwork(name, shape, CLASSES);
  const initial = kerasInitialWeights(network);
  const path = fileURLToPath(new URL(`../fixtures/keras/${name}.safetensors`, import.meta.url));
  const fixture = openSafetensors(path);
  const session = new TrainingSession(loadEngine().binding, {
    network,
    config: { ...run, dropout: null, precision: 'float32', convolution, compile: 'graph', seed: 0 },
    preprocessing: name === 'lenet5' ? 'unitScale' : 'perImageStandardization',
    classes: CLASSES,
    calls: [{ batch: BATCH, steps: 1 }],
    train: kerasImages('train', shape),
    test: kerasImages('test', shape),
  });
  try {
    session.setState(
      new Map(
        session.state.map(({ name, shape }) => [
          name,
          initial.get(name) ?? new Float32Array(shape.reduce((a, b) => a * b, 1)),
        ]),
      ),
    );
    const losses = fixture.read(`${run.name}/losses`).data as Float32Array;
    for (let step = 0; step < steps; step++) {
      const { loss } = session.train(BATCH, 1, batchIndices(step), run.learningRate, step);
      const off = Math.abs(loss / BATCH - losses[step]!);
      expect(off / losses[0]!, `loss of step ${step}`).toBeLessThan(LOSS_TOLERANCE);
      if (step === 9 || step === 49)
        compareWeights(session, network, initial, fixture, `${run.name}/step${step + 1}`);
    }
    if (steps < losses.length) return;
    const [testLoss, correct] = fixture.read(`${run.name}/test`).data as Float32Array;
    const test = session.evaluate();
    expect(Math.abs(test.loss / testLoss! - 1)).toBeLessThan(1e-4);
    expect(test.accuracy * TEST_IMAGES).toBeCloseTo(correct!, 3);
  } finally {
    session.close();
    fixture.close();
  }
}

function compareWeights(
  session: TrainingSession,
  network: Network,
  initial: ReadonlyMap<string, Float32Array>,
  fixture: SafetensorsFile,
  prefix: string,
): void {
  const weights = session.getState(network.parameters.map(({ name }) => name));
  for (const { name } of network.parameters) {
    const value = weights.get(name)!;
    const before = initial.get(name)!;
    const places = [...sampleIndices(value.length)];
    const sampled = places.map((i) => value[i]!);
    const change = places.map((i) => value[i]! - before[i]!);
    const truth = fixture.read(`${prefix}/${name}`).data as Float32Array;
    const trueChange = truth.map((w, i) => w - before[places[i]!]!);
    const [norm, changeNorm] = fixture.read(`${prefix}/${name}/norms`).data as Float32Array;
    const what = `${prefix}/${name}`;

    expect(relativeError(sampled, truth), what).toBeLessThan(WEIGHTS_TOLERANCE);
    expect(Math.abs(euclidean(value) / norm! - 1), `norm of ${what}`).toBeLessThan(WEIGHTS_TOLERANCE);
    const rounding = ROUNDING * euclidean(truth);
    expect(distance(change, trueChange), `change of ${what}`).toBeLessThan(
      CHANGE_TOLERANCE * euclidean(trueChange) + rounding,
    );
    expect(Math.abs(distance(value, before) - changeNorm!), `norm of the change of ${what}`).toBeLessThan(
      CHANGE_TOLERANCE * changeNorm! + ROUNDING * norm!,
    );
  }
}

function euclidean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum);
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}
