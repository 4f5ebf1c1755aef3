import type * as tfjs from '@tensorflow/tfjs-core';
import type { Network } from '../../src/experiment/networks/network.ts';
import { BATCH_NORM_EPSILON, BATCH_NORM_MOMENTUM } from '../../src/train/step/layers.ts';
import { dropoutMask } from './dropoutMask.ts';
import { batchOf, CLASSES, type SmallTraining } from './smallTraining.ts';

type Tf = typeof tfjs;
type Values = ReadonlyMap<string, tfjs.Tensor>;

/** The state of a training in float32, as the compiled step has it: parameters and optimizer slots by name. */
export type State = Map<string, Float32Array>;

/** Returns the state after one step of plain tfjs ops, gradients by tfjs itself, and the loss and the right answers. */
export function eagerStep(
  tf: Tf,
  training: SmallTraining,
  state: State,
  indices: Int32Array,
  learningRate: number,
  step: number,
): { state: State; loss: number; correct: number } {
  const { network, config } = training;
  return inScope(tf, () => {
    const batch = batchOf(training, indices);
    const images = tf.stack(
      batch.images.map((image) => tf.tensor(Float32Array.from(image), [...network.inputShape])),
    );
    const labels = tf.tensor1d(batch.labels, 'int32');
    const trained = network.parameters.filter(({ trainable }) => trainable);
    const inputs = trained.map(({ name, shape }) => tf.tensor(state.get(name)!, [...shape]));
    const moments = new Map<string, ArrayLike<number>>();
    let logits: tfjs.Tensor = images;
    const loss = (...values: tfjs.Tensor[]): tfjs.Scalar => {
      const parameters = new Map(trained.map(({ name }, i) => [name, values[i]!]));
      logits = tf.keep(forward(tf, training, parameters, images, step, moments));
      let total: tfjs.Tensor = tf.mean(imageLosses(tf, config.loss, logits, labels));
      for (const layer of config.l2?.layers ?? []) {
        const squares = tf.sum(tf.square(parameters.get(`${layer}/kernel`)!));
        total = tf.add(total, tf.mul(squares, config.l2!.coefficient));
      }
      return total as tfjs.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(loss)(inputs);
    const next: State = new Map();
    trained.forEach(({ name }, i) => {
      const gradient = grads[i]!.dataSync() as Float32Array;
      for (const [key, updated] of update(config.optimizer, state, name, gradient, learningRate, step)) {
        next.set(key, updated);
      }
    });
    for (const [name, latest] of moments) {
      next.set(
        name,
        state.get(name)!.map((old, i) => old * BATCH_NORM_MOMENTUM + latest[i]! * (1 - BATCH_NORM_MOMENTUM)),
      );
    }
    const right = tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'int32')).dataSync()[0]!;
    logits.dispose();
    return { state: next, loss: value.dataSync()[0]!, correct: right };
  });
}

/** Returns mean loss (without penalties) and accuracy over the test images, batch norm by the moving statistics. */
export function eagerEvaluation(
  tf: Tf,
  training: SmallTraining,
  state: State,
): { loss: number; accuracy: number } {
  return inScope(tf, () => {
    const batch = batchOf(
      { ...training, train: training.test },
      Int32Array.from({ length: training.test.count }, (_, i) => i),
    );
    const { network } = training;
    const images = tf.stack(
      batch.images.map((image) => tf.tensor(Float32Array.from(image), [...network.inputShape])),
    );
    const labels = tf.tensor1d(batch.labels, 'int32');
    const parameters = new Map(
      network.parameters.map(({ name, shape }) => [name, tf.tensor(state.get(name)!, [...shape])]),
    );
    const logits = forward(tf, training, parameters, images, null, new Map());
    const loss = tf.mean(imageLosses(tf, training.config.loss, logits, labels)).dataSync()[0]!;
    const right = tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'int32')).dataSync()[0]!;
    return { loss, accuracy: right / training.test.count };
  });
}

/** tf.tidy for results that are not tensors. */
function inScope<T>(tf: Tf, compute: () => T): T {
  tf.engine().startScope();
  try {
    return compute();
  } finally {
    tf.engine().endScope();
  }
}

/** `step` null: evaluation. Of a training step the batch's moments are put into `moments`, under the names of the moving ones. */
function forward(
  tf: Tf,
  { network, config }: { network: Network; config: SmallTraining['config'] },
  parameters: Values,
  images: tfjs.Tensor,
  step: number | null,
  moments: Map<string, ArrayLike<number>>,
): tfjs.Tensor {
  let value = images;
  for (const layer of network.layers) {
    const parameter = (kind: string): tfjs.Tensor => parameters.get(`${layer.name ?? ''}/${kind}`)!;
    switch (layer.type) {
      case 'flatten':
        value = tf.reshape(value, [value.shape[0]!, -1]);
        break;
      case 'dense':
        value = tf.add(
          tf.matMul(value as tfjs.Tensor2D, parameter('kernel') as tfjs.Tensor2D),
          parameter('bias'),
        );
        if (layer.activation === 'relu') value = tf.relu(value);
        break;
      case 'conv':
        value = tf.add(
          tf.conv2d(
            value as tfjs.Tensor4D,
            parameter('kernel') as tfjs.Tensor4D,
            layer.stride,
            layer.padding,
          ),
          parameter('bias'),
        );
        if (layer.activation === 'relu') value = tf.relu(value);
        break;
      case 'maxPool':
        value = tf.maxPool(value as tfjs.Tensor4D, layer.size, layer.stride, layer.padding);
        break;
      case 'batchNorm': {
        const axes = value.shape.slice(0, -1).map((_, i) => i);
        const { mean, variance } =
          step === null
            ? { mean: parameter('moving_mean'), variance: parameter('moving_variance') }
            : tf.moments(value, axes);
        if (step !== null) {
          moments.set(`${layer.name}/moving_mean`, mean.dataSync());
          moments.set(`${layer.name}/moving_variance`, variance.dataSync());
        }
        const sd = tf.sqrt(tf.add(variance, BATCH_NORM_EPSILON));
        const normalized = tf.div(tf.sub(value, mean), sd);
        value = tf.add(tf.mul(normalized, parameter('gamma')), parameter('beta'));
        break;
      }
      default:
        throw new Error(`the eager step must know layers of type ${layer.type}`);
    }
    if (step !== null && layer.name !== undefined && config.dropout?.layers.includes(layer.name)) {
      const mask = dropoutMask(config.seed, layer.name, config.dropout.rate, step, value.shape);
      value = tf.mul(value, tf.tensor(Float32Array.from(mask), value.shape));
    }
  }
  return value;
}

function imageLosses(
  tf: Tf,
  loss: 'mse' | 'crossEntropy',
  logits: tfjs.Tensor,
  labels: tfjs.Tensor1D,
): tfjs.Tensor {
  const oneHot = tf.cast(tf.oneHot(labels, CLASSES), 'float32');
  return loss === 'mse'
    ? tf.mean(tf.squaredDifference(tf.softmax(logits), oneHot), 1)
    : tf.neg(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), 1));
}

/** The update rules as Keras documents them, in float64. Returns the new value of the parameter and of its slots. */
function update(
  { type, momentum, rho, beta1, beta2, epsilon }: SmallTraining['config']['optimizer'],
  state: State,
  name: string,
  gradient: Float32Array,
  rate: number,
  step: number,
): Map<string, Float32Array> {
  const slot = (kind: string): Float32Array => state.get(`${name}/${kind}`)!;
  const W = state.get(name)!;
  switch (type) {
    case 'sgd':
      return new Map([[name, W.map((w, i) => w - rate * gradient[i]!)]]);
    case 'momentum':
    case 'nesterov': {
      const velocity = slot('momentum').map((v, i) => momentum * v - rate * gradient[i]!);
      const moved = W.map((w, i) =>
        type === 'momentum' ? w + velocity[i]! : w + momentum * velocity[i]! - rate * gradient[i]!,
      );
      return new Map([
        [name, moved],
        [`${name}/momentum`, velocity],
      ]);
    }
    case 'adadelta': {
      const squares = slot('accumulated_gradient').map((a, i) => rho * a + (1 - rho) * gradient[i]! ** 2);
      const deltas = gradient.map(
        (g, i) =>
          (g * Math.sqrt(slot('accumulated_update')[i]! + epsilon)) / Math.sqrt(squares[i]! + epsilon),
      );
      return new Map([
        [name, W.map((w, i) => w - rate * deltas[i]!)],
        [`${name}/accumulated_gradient`, squares],
        [
          `${name}/accumulated_update`,
          slot('accumulated_update').map((a, i) => rho * a + (1 - rho) * deltas[i]! ** 2),
        ],
      ]);
    }
    case 'adam': {
      const m = slot('m').map((a, i) => beta1 * a + (1 - beta1) * gradient[i]!);
      const v = slot('v').map((a, i) => beta2 * a + (1 - beta2) * gradient[i]! ** 2);
      const corrected = (rate * Math.sqrt(1 - beta2 ** (step + 1))) / (1 - beta1 ** (step + 1));
      return new Map([
        [name, W.map((w, i) => w - (corrected * m[i]!) / (Math.sqrt(v[i]!) + epsilon))],
        [`${name}/m`, m],
        [`${name}/v`, v],
      ]);
    }
  }
}
