import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openSafetensors } from '../../src/base/safetensors/safetensors.ts';
import { parseRunConfig } from '../../src/experiment/config/schema.ts';
import { resolveNetwork } from '../../src/experiment/networks/resolveNetwork.ts';
import { loadEngine } from '../../src/train/engine/loadEngine.ts';
import { initialState } from '../../src/train/initialWeights.ts';
import { TrainingSession } from '../../src/train/step/trainingSession.ts';
import { BATCH, batchIndices, CLASSES, kerasImages, kerasInitialWeights } from './kerasCases.ts';
import { relativeError } from './smallTraining.ts';

/** The same as in scripts/makeOwnNetworkFixture.py. */
const SHAPE = [28, 28, 1];
const STEPS = 10;
const network = {
  layers: [
    { type: 'conv', name: 'stem', filters: 6, kernel: 3, stride: 2, activation: 'linear' },
    { type: 'batchNorm', name: 'bn' },
    { type: 'activation', name: 'start', activation: 'relu' },
    { type: 'conv', name: 'grouped', filters: 6, kernel: 3, groups: 2, activation: 'tanh' },
    { type: 'layerNorm', name: 'ln' },
    { type: 'conv', name: 'strided', filters: 12, kernel: 3, stride: 2, activation: 'linear' },
    {
      type: 'conv',
      name: 'shortcut',
      input: 'start',
      filters: 12,
      kernel: 1,
      stride: 2,
      activation: 'linear',
    },
    { type: 'add', with: 'strided' },
    { type: 'activation', activation: 'gelu' },
    { type: 'averagePool', size: 3, stride: 2, padding: 'same' },
    { type: 'flatten' },
    { type: 'dense', name: 'fc1', units: 24, activation: 'gelu' },
    { type: 'dense', name: 'out', units: 10 },
  ],
};
const cases: Record<string, object> = {
  sgd: { optimizer: { type: 'sgd' }, learningRate: 0.01 },
  adamw: { optimizer: { type: 'adam', weightDecay: 0.5 }, learningRate: 0.001 },
  'momentum-decay': { optimizer: { type: 'momentum', weightDecay: 2 }, learningRate: 0.001 },
  clipped: { optimizer: { type: 'momentum' }, learningRate: 0.05, clipNorm: 0.3 },
  smoothed: { optimizer: { type: 'sgd' }, learningRate: 0.01, labelSmoothing: 0.2 },
  frozen: {
    optimizer: { type: 'adam' },
    learningRate: 0.001,
    train: { layers: ['grouped', 'strided', 'shortcut', 'out'] },
  },
};

it.each(Object.keys(cases))(
  '10 steps of a network of every other layer give the weights of Keras 3: %s',
  (name) => {
    const config = parseRunConfig({ network, dataset: 'mnist', batchSize: BATCH, ...cases[name] });
    const resolved = resolveNetwork(config.network, SHAPE, CLASSES);
    const fixture = openSafetensors(
      fileURLToPath(new URL('../fixtures/keras/own.safetensors', import.meta.url)),
    );
    const session = new TrainingSession(loadEngine().binding, {
      network: resolved,
      config,
      preprocessing: 'unitScale',
      classes: CLASSES,
      calls: [{ batch: BATCH, steps: 1 }],
      train: kerasImages('train', SHAPE),
      test: kerasImages('test', SHAPE),
    });
    try {
      const initial = kerasInitialWeights(resolved);
      session.setState(new Map([...initialState(resolved, 0, session.state), ...initial]));
      const losses = fixture.read(`${name}/losses`).data as Float32Array;
      for (let step = 0; step < STEPS; step++) {
        const { loss } = session.train(BATCH, 1, batchIndices(step), config.learningRate, step);
        expect(Math.abs(loss / BATCH / losses[step]! - 1), `loss of step ${step}`).toBeLessThan(1e-5);
      }
      const weights = session.getState(resolved.parameters.map((parameter) => parameter.name));
      for (const { name: tensor } of resolved.parameters) {
        // Batch norm takes it off again: its gradient is rounding alone, which Adam scales up to its rate.
        if (name === 'adamw' && ['stem/bias', 'bn/moving_mean'].includes(tensor)) continue;
        const truth = fixture.read(`${name}/${tensor}`).data as Float32Array;
        const [found, before] = [weights.get(tensor)!, initial.get(tensor)!];
        const change = Float64Array.from(found, (w, i) => w - before[i]!);
        const trueChange = Float64Array.from(truth, (w, i) => w - before[i]!);
        expect(relativeError(found, truth), tensor).toBeLessThan(2e-5);
        // Below: what rounding leaves of a tensor that stays as it is.
        expect(relativeError(change, trueChange, 1e-3), `change of ${tensor}`).toBeLessThan(2e-3);
      }
    } finally {
      session.close();
      fixture.close();
    }
  },
);
