import type { RunConfig } from '../../experiment/config/schema.ts';
import { datasetFacts } from '../../experiment/data/datasetFacts.ts';
import { syntheticImages } from '../../experiment/data/syntheticImages.ts';
import { usualTraining } from '../../experiment/networks/usualTraining.ts';
import { networkOf } from '../../experiment/sweep/checkRun.ts';
import type { Engine } from '../../train/engine/engineTypes.ts';
import { loadEngine } from '../../train/engine/loadEngine.ts';
import type { SessionBinding } from '../../train/graph/graphSession.ts';
import { initialState } from '../../train/initialWeights.ts';
import { TrainingSession } from '../../train/step/trainingSession.ts';
import { engineOptions } from '../engineOptions.ts';
import { prepareMeasurement } from '../measureSpeed.ts';
import { measureProducts } from './products.ts';
import type { ProofAnswer, ProofTask } from './proofTask.ts';
import { WAYS } from './proofTask.ts';

/** Loads the engine as a task asks and does its work, giving the answers as they come. */
export function doProofTask({ device, tensorFloat32, work }: ProofTask, tell: (answer: ProofAnswer) => void) {
  const configs = trainedBy(work);
  const options = engineOptions({ threads: null, device }, configs);
  const gpuMemory = work.type === 'memory' ? work.part : null;
  const engine = loadEngine({ ...options, tensorFloat32, gpuMemory });
  const { binding, info } = engine;
  const { variant, nvidia } = info.manifest;
  tell({ type: 'engine', engine: { tensorflow: info.tensorflow, variant, gpu: info.usesGpu, nvidia } });
  if (work.type === 'products') tell({ type: 'products', ...measureProducts(binding) });
  else if (work.type === 'memory')
    tell({ type: 'memory', had: work.bytes.map((size) => isToBeHad(engine, size)) });
  else if (work.type === 'train') for (const network of work.networks) tell(train(binding, network, work));
  else if (work.type === 'speeds')
    for (const batch of work.batches) if (Date.now() < work.until) tell(speed(binding, work, batch));
}

function trainedBy(work: ProofTask['work']): RunConfig[] {
  if (work.type === 'train') {
    return work.networks.map((network) =>
      usualTraining(network, { batchSize: work.batch, ...WAYS[work.way] }),
    );
  }
  if (work.type !== 'speeds') return [];
  return work.batches.map((batchSize) => usualTraining(work.network, { batchSize, ...WAYS[work.way] }));
}

const MEBIBYTE = 2 ** 20;

/** Tells whether the device has room for a tensor of so many bytes. */
function isToBeHad({ tf }: Engine, bytes: number): boolean {
  try {
    tf.fill([Math.ceil(bytes / MEBIBYTE), MEBIBYTE / 4], 1).dispose();
    return true;
  } catch {
    return false;
  }
}

type Work<T extends ProofTask['work']['type']> = Extract<ProofTask['work'], { type: T }>;

function train(
  binding: SessionBinding,
  name: Work<'train'>['networks'][number],
  { way, batch, steps, trials }: Work<'train'>,
): ProofAnswer {
  const config = usualTraining(name, { batchSize: batch, ...WAYS[way] });
  const { inputShape, classes, preprocessing } = datasetFacts(config.dataset);
  const network = networkOf(config);
  const images = syntheticImages(inputShape, classes, batch * steps * trials);
  const session = new TrainingSession(binding, {
    network,
    config,
    preprocessing,
    classes,
    calls: [{ batch, steps }],
    train: images,
    test: syntheticImages(inputShape, classes, 1),
  });
  try {
    const start = initialState(network, config.seed, session.state);
    const names = network.parameters.map((parameter) => parameter.name);
    const after = Array.from({ length: trials }, (_, trial) => {
      session.setState(start);
      const order = Int32Array.from({ length: batch * steps }, (_, i) => trial * batch * steps + i);
      session.train(batch, steps, order, config.learningRate, 0);
      return session.getState(names);
    });
    const before = new Map(names.map((parameter) => [parameter, start.get(parameter)!]));
    return { type: 'trained', network: name, before, after };
  } finally {
    session.close();
  }
}

function speed(binding: SessionBinding, { network, way }: Work<'speeds'>, batch: number): ProofAnswer {
  const started = performance.now();
  const measurement = prepareMeasurement(binding, usualTraining(network, { batchSize: batch, ...WAYS[way] }));
  const preparingSeconds = (performance.now() - started) / 1000;
  try {
    const { imagesPerSecond } = measurement.measure();
    return { type: 'speed', batch, imagesPerSecond, preparingSeconds };
  } finally {
    measurement.close();
  }
}
