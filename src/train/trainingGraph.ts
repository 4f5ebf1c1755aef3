import type { RunConfig } from '../config/schema.ts';
import { GraphBuilder, type Output } from '../graph/graphBuilder.ts';
import type { Network } from '../networks/network.ts';
import { randomStream } from '../random/stream.ts';
import { addDropout, addLayer } from './graphLayers.ts';
import { addLoss } from './graphLoss.ts';
import { optimizerSlots, optimizerUpdate } from './graphOptimizer.ts';
import { float32, type Gradients, type LayerOutput, type StepBuilder } from './stepBuilder.ts';

/** How images become numbers, inside the graph: bytes/255, then per image (x - mean)/max(sd, 1/sqrt(pixels)) where asked for. */
export type Preprocessing = 'unitScale' | 'perImageStandardization';

/** A float32 variable of the graph: a parameter, or an optimizer slot of one. */
export interface StateVariable {
  name: string;
  shape: readonly number[];
}

export interface TrainingGraph {
  graph: GraphBuilder;
  /** Everything a resume needs, in a fixed order: parameters, then slots. */
  state: readonly StateVariable[];
}

export interface TrainingGraphOptions {
  network: Network;
  config: Pick<RunConfig, 'loss' | 'optimizer' | 'l2' | 'dropout' | 'precision' | 'seed'>;
  preprocessing: Preprocessing;
  classes: number;
  trainImages: number;
  testImages: number;
  /** The training calls to compile: each takes `steps` batches of `batch` images in one run of the session. */
  calls: readonly { batch: number; steps: number }[];
}

/** Names of the nodes that a session feeds and fetches. */
export const nodes = {
  data: (split: 'train' | 'test') => ({
    images: `${split}_images_value`,
    labels: `${split}_labels_value`,
    done: `${split}_data_done`,
  }),
  stateValue: (name: string) => `value/${name}`,
  stateDone: 'state_done',
  stateRead: (name: string) => `read/${name}`,
  train: (batch: number, steps: number) => {
    const prefix = `train_${batch}x${steps}`;
    return { indices: `${prefix}_indices`, losses: `${prefix}_losses`, correct: `${prefix}_correct` };
  },
  learningRate: 'learning_rate',
  stepNumber: 'step_number',
  evaluate: { indices: 'evaluate_indices', loss: 'evaluate_loss', correct: 'evaluate_correct' },
} as const;

/**
 * Returns one graph that holds all a run does natively: taking the data and the state in, training steps, evaluation, giving the
 * state out. The images stay bytes in a variable; a step is fed the indices of its batch only.
 */
export function buildTrainingGraph(options: TrainingGraphOptions): TrainingGraph {
  const { network, config } = options;
  const graph = new GraphBuilder();
  const state = stateVariables(network, config.optimizer);
  for (const { name, shape } of state) graph.variable(name, 'float32', shape);
  addStateTransfer(graph, state);
  for (const split of ['train', 'test'] as const) {
    addDataTransfer(graph, split, split === 'train' ? options.trainImages : options.testImages, network);
  }
  const learningRate = graph.placeholder(nodes.learningRate, 'float32', []);
  const firstStep = graph.placeholder(nodes.stepNumber, 'int32', []);
  for (const { batch, steps } of options.calls) {
    addTrainingCall(graph, options, batch, steps, learningRate, firstStep);
  }
  addEvaluation(graph, options);
  return { graph, state };
}

function stateVariables(network: Network, optimizer: RunConfig['optimizer']): StateVariable[] {
  const slots = optimizerSlots(optimizer);
  return [
    ...network.parameters.map(({ name, shape }) => ({ name, shape })),
    ...network.parameters
      .filter((parameter) => parameter.trainable)
      .flatMap(({ name, shape }) => slots.map((slot) => ({ name: `${name}/${slot}`, shape }))),
  ];
}

function addStateTransfer(graph: GraphBuilder, state: readonly StateVariable[]): void {
  const assigned = state.map(({ name, shape }) => {
    const value = graph.placeholder(nodes.stateValue(name), 'float32', shape);
    // A variable takes over the tensor it is assigned; the copy keeps updates out of the caller's memory.
    const copy = graph.op('DeepCopy', [value], float32);
    graph.op('ReadVariableOp', [name], { dtype: { type: 'float32' } }, { name: nodes.stateRead(name) });
    return graph.op('AssignVariableOp', [name, copy], { dtype: { type: 'float32' } });
  });
  graph.op('Identity', [graph.scalar(1)], float32, { name: nodes.stateDone, after: assigned });
}

function addDataTransfer(
  graph: GraphBuilder,
  split: 'train' | 'test',
  count: number,
  network: Network,
): void {
  const names = nodes.data(split);
  const shape = [count, ...network.inputShape];
  const images = graph.variable(`${split}_images`, 'uint8', shape);
  const labels = graph.variable(`${split}_labels`, 'uint8', [count]);
  const type = { dtype: { type: 'uint8' } } as const;
  const assigned = [
    graph.op('AssignVariableOp', [images, graph.placeholder(names.images, 'uint8', shape)], type),
    graph.op('AssignVariableOp', [labels, graph.placeholder(names.labels, 'uint8', [count])], type),
  ];
  graph.op('Identity', [graph.scalar(1)], float32, { name: names.done, after: assigned });
}

/** Returns the images (float32, preprocessed) and labels (int32) of a batch given by indices into a split. */
function addBatch(
  graph: GraphBuilder,
  split: 'train' | 'test',
  indices: Output,
  preprocessing: Preprocessing,
): { images: Output; labels: Output } {
  const gather = (variable: string, to: 'float32' | 'int32'): Output => {
    const bytes = graph.op('ResourceGather', [variable, indices], {
      dtype: { type: 'uint8' },
      Tindices: { type: 'int32' },
    });
    return graph.op('Cast', [bytes], { SrcT: { type: 'uint8' }, DstT: { type: to } });
  };
  const labels = gather(`${split}_labels`, 'int32');
  const unit = graph.op('RealDiv', [gather(`${split}_images`, 'float32'), graph.scalar(255)], float32);
  if (preprocessing === 'unitScale') return { images: unit, labels };
  const imageMean = (value: Output): Output =>
    graph.op('Mean', [value, graph.constant([1, 2, 3], [3], 'int32')], {
      ...float32,
      Tidx: { type: 'int32' },
      keep_dims: { bool: true },
    });
  const centred = graph.op('Sub', [unit, imageMean(unit)], float32);
  const variance = imageMean(graph.op('Square', [centred], float32));
  const deviation = graph.op('Sqrt', [variance], float32);
  return {
    images: graph.op('RealDiv', [centred, addDeviationFloor(graph, deviation, unit)], float32),
    labels,
  };
}

/** max(sd, 1/sqrt(pixels)): what tf.image.per_image_standardization divides by, so that a flat image stays finite. */
function addDeviationFloor(graph: GraphBuilder, deviation: Output, images: Output): Output {
  const type = { out_type: { type: 'int32' }, T: { type: 'float32' } } as const;
  const dims = graph.op('Shape', [images], type);
  const perImage = graph.op(
    'Prod',
    [
      graph.op('Slice', [dims, graph.constant([1], [1], 'int32'), graph.constant([3], [1], 'int32')], {
        T: { type: 'int32' },
        Index: { type: 'int32' },
      }),
      graph.scalar(0, 'int32'),
    ],
    { T: { type: 'int32' }, Tidx: { type: 'int32' }, keep_dims: { bool: false } },
  );
  const pixels = graph.op('Cast', [perImage], { SrcT: { type: 'int32' }, DstT: { type: 'float32' } });
  return graph.op('Maximum', [deviation, graph.op('Rsqrt', [pixels], float32)], float32);
}

/** Forward pass from images to logits; the returned layers are in order, each with its backward pass. */
function addForward(
  step: StepBuilder,
  { network, config }: TrainingGraphOptions,
  images: Output,
): { logits: Output; layers: LayerOutput[] } {
  const layers: LayerOutput[] = [];
  let value = images;
  network.layers.forEach((layer, index) => {
    const { input, output } = network.shapes[index]!;
    layers.push(addLayer(step, layer, value, input));
    value = layers.at(-1)!.value;
    if (
      step.training &&
      config.dropout !== null &&
      'name' in layer &&
      config.dropout.layers.includes(layer.name)
    ) {
      layers.push(addDropout(step, layer.name, config.dropout.rate, value, output));
      value = layers.at(-1)!.value;
    }
  });
  return { logits: value, layers };
}

function addCorrect(graph: GraphBuilder, logits: Output, labels: Output): Output {
  const predicted = graph.op('ArgMax', [logits, graph.scalar(1, 'int32')], {
    ...float32,
    Tidx: { type: 'int32' },
    output_type: { type: 'int32' },
  });
  const equal = graph.op('Equal', [predicted, labels], { T: { type: 'int32' } });
  return addSum(graph, graph.op('Cast', [equal], { SrcT: { type: 'bool' }, DstT: { type: 'float32' } }));
}

function addSum(graph: GraphBuilder, value: Output): Output {
  return graph.op('Sum', [value, graph.constant([0], [1], 'int32')], {
    ...float32,
    Tidx: { type: 'int32' },
    keep_dims: { bool: false },
  });
}

/** One session call that trains on `steps` batches, one after the other. */
function addTrainingCall(
  graph: GraphBuilder,
  options: TrainingGraphOptions,
  batch: number,
  steps: number,
  learningRate: Output,
  firstStep: Output,
): void {
  const names = nodes.train(batch, steps);
  const indices = graph.placeholder(names.indices, 'int32', [steps, batch]);
  const unpacked = graph.op('Unpack', [indices], {
    num: { int: steps },
    T: { type: 'int32' },
    axis: { int: 0 },
  });
  // The last update of each variable: the next step reads the variable after it.
  const updated = new Map<string, Output>();
  const losses: Output[] = [];
  const correct: Output[] = [];
  for (let s = 0; s < steps; s++) {
    const number = graph.op('AddV2', [firstStep, graph.scalar(s, 'int32')], { T: { type: 'int32' } });
    const results = addTrainingStep(graph, options, batch, `${unpacked}:${s}`, learningRate, number, updated);
    losses.push(results.loss);
    correct.push(results.correct);
  }
  const pack = (values: readonly Output[], name: string): void => {
    const packed = graph.op('Pack', values, { ...float32, N: { int: steps }, axis: { int: 0 } });
    graph.op('Identity', [packed], float32, { name, after: [...updated.values()] });
  };
  pack(losses, names.losses);
  pack(correct, names.correct);
}

function addTrainingStep(
  graph: GraphBuilder,
  options: TrainingGraphOptions,
  batch: number,
  indices: Output,
  learningRate: Output,
  number: Output,
  updated: Map<string, Output>,
): { loss: Output; correct: Output } {
  const { network, config } = options;
  const reads = new Map<string, Output>();
  const readers = new Map<string, Output[]>();
  const sideEffects: [string, Output][] = [];
  const step: StepBuilder = {
    graph,
    batch,
    training: true,
    precision: config.precision,
    read(name) {
      const known = reads.get(name);
      if (known !== undefined) return known;
      const last = updated.get(name);
      const read = graph.op(
        'ReadVariableOp',
        [name],
        { dtype: { type: 'float32' } },
        last === undefined ? {} : { after: [last] },
      );
      reads.set(name, read);
      return read;
    },
    handle: (name) => name,
    holdUpdate(name, reader) {
      readers.set(name, [...(readers.get(name) ?? []), reader]);
    },
    addSideEffect(name, op) {
      sideEffects.push([name, op]);
    },
    randomUniform(purpose, shape) {
      // Native random ops are functions of their two seeds: the purpose's own and the step, so that a resume draws the same masks.
      const purposeSeed = randomStream(config.seed, purpose).uint32() | 0;
      const seed = graph.op('Pack', [graph.scalar(purposeSeed, 'int32'), number], {
        T: { type: 'int32' },
        N: { int: 2 },
        axis: { int: 0 },
      });
      return graph.op('StatelessRandomUniform', [graph.constant(shape, [shape.length], 'int32'), seed], {
        dtype: { type: 'float32' },
        T: { type: 'int32' },
        Tseed: { type: 'int32' },
      });
    },
  };
  const { images, labels } = addBatch(graph, 'train', indices, options.preprocessing);
  const { logits, layers } = addForward(step, options, images);
  const { perImage, dLogits } = addLoss(step, config.loss, logits, labels, options.classes);

  const gradients: Gradients = new Map();
  let gradient: Output | null = dLogits;
  const firstTrained = network.layers.findIndex((layer) => 'name' in layer);
  for (let i = layers.length - 1; i >= firstTrained; i--) {
    gradient = layers[i]!.backward(gradient!, gradients, i > firstTrained);
  }

  const mean = graph.op('Mul', [addSum(graph, perImage), graph.scalar(1 / batch)], float32);
  const loss = addL2(step, config.l2, mean, gradients);

  const stepNumber = graph.op(
    'Cast',
    [graph.op('AddV2', [number, graph.scalar(1, 'int32')], { T: { type: 'int32' } })],
    { SrcT: { type: 'int32' }, DstT: { type: 'float32' } },
  );
  const update = optimizerUpdate(graph, config.optimizer, { learningRate, stepNumber });
  const slots = optimizerSlots(config.optimizer);
  for (const { name } of network.parameters.filter((parameter) => parameter.trainable)) {
    const slotHandles = slots.map((slot) => `${name}/${slot}`);
    // An update in place beside an op that still holds the old value would make TensorFlow copy the whole variable first.
    updated.set(name, update(name, slotHandles, gradients.get(name)!, readers.get(name) ?? []));
  }
  for (const [name, op] of sideEffects) updated.set(name, op);
  return { loss, correct: addCorrect(graph, logits, labels) };
}

/** Keras's l2: coefficient * sum(W^2) joins the loss, 2 * coefficient * W the gradient. Returns the loss with the penalties. */
function addL2(step: StepBuilder, l2: RunConfig['l2'], loss: Output, gradients: Gradients): Output {
  const { graph } = step;
  let total = loss;
  for (const layer of l2?.layers ?? []) {
    const name = `${layer}/kernel`;
    const W = step.read(name);
    const decay = graph.op('Mul', [W, graph.scalar(2 * l2!.coefficient)], float32);
    gradients.set(name, graph.op('AddV2', [gradients.get(name)!, decay], float32));
    const halfSquares = graph.op('L2Loss', [W], float32);
    step.holdUpdate(name, halfSquares);
    const penalty = graph.op('Mul', [halfSquares, graph.scalar(2 * l2!.coefficient)], float32);
    total = graph.op('AddV2', [total, penalty], float32);
  }
  return total;
}

function addEvaluation(graph: GraphBuilder, options: TrainingGraphOptions): void {
  const indices = graph.placeholder(nodes.evaluate.indices, 'int32', [-1]);
  const step: StepBuilder = {
    graph,
    batch: -1,
    training: false,
    precision: options.config.precision,
    read: nodes.stateRead,
    handle: (name) => name,
    holdUpdate() {},
    addSideEffect() {},
    randomUniform() {
      throw new Error('evaluation draws no random numbers');
    },
  };
  const { images, labels } = addBatch(graph, 'test', indices, options.preprocessing);
  const { logits } = addForward(step, options, images);
  const { perImage } = addLoss(step, options.config.loss, logits, labels, options.classes);
  const named = (value: Output, name: string): Output => graph.op('Identity', [value], float32, { name });
  named(addSum(graph, perImage), nodes.evaluate.loss);
  named(addCorrect(graph, logits, labels), nodes.evaluate.correct);
}
