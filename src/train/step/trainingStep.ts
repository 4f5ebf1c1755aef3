import { randomStream } from '../../base/random/stream.ts';
import { optimizerSlots } from '../../experiment/config/optimizerSlots.ts';
import type { RunConfig } from '../../experiment/config/schema.ts';
import type { Preprocessing } from '../../experiment/data/datasets.ts';
import type { Network } from '../../experiment/networks/network.ts';
import type { GraphBuilder, Output } from '../graph/graphBuilder.ts';
import { addBatch } from './batch.ts';
import { addDropout, addLayer } from './layers.ts';
import { addLoss } from './loss.ts';
import { fusedUpdate, optimizerUpdate } from './optimizer.ts';
import { float32, type Gradients, type LayerOutput, type StepBuilder } from './stepBuilder.ts';

/** What a step computes: the network, and the part of the config that is in the graph. */
export interface StepOptions {
  network: Network;
  config: Pick<
    RunConfig,
    'loss' | 'optimizer' | 'l2' | 'dropout' | 'precision' | 'convolution' | 'compile' | 'seed'
  >;
  preprocessing: Preprocessing;
  classes: number;
  /** Whether the graph may have the operators of engine/ops, which the engine must have registered. */
  fused: boolean;
  /** Whether the graph is to run on a GPU. */
  gpu: boolean;
}

/** Returns how convolutions are computed: cuDNN has fast ways of its own, and Winograd's transforms were measured on CPUs alone. */
export function usedConvolution({ config, gpu }: StepOptions): 'winograd' | 'plain' {
  return config.convolution === 'auto' ? (gpu ? 'plain' : 'winograd') : config.convolution;
}

/** Forward pass from images to logits; the returned layers are in order, each with its backward pass. */
export function addForward(
  step: StepBuilder,
  { network, config }: StepOptions,
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

/** One training step; `updated` holds the last op that changed each variable and takes this step's in. */
export function addTrainingStep(
  graph: GraphBuilder,
  options: StepOptions,
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
  const slots = optimizerSlots(config.optimizer);
  const step: StepBuilder = {
    graph,
    batch,
    training: true,
    precision: config.precision,
    convolution: usedConvolution(options),
    fused: options.fused,
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
    holdUpdate(name, reader) {
      readers.set(name, [...(readers.get(name) ?? []), reader]);
    },
    addSideEffect(name, op) {
      sideEffects.push([name, op]);
    },
    trainDense({ layer, relu, x, y, gradient, needInput }) {
      const names = [`${layer}/kernel`, `${layer}/bias`];
      const penalized = config.l2?.layers.includes(layer) ?? false;
      const variables = [...names, ...names.flatMap((name) => slots.map((slot) => `${name}/${slot}`))];
      const [kernel, bias, ...slotValues] = variables.map(step.read) as [Output, Output, ...Output[]];
      const op = graph.op(
        'PhasewatchDenseTraining',
        [gradient, y, x, kernel, bias, learningRate, stepNumber, ...slotValues],
        {
          slot_count: { int: slotValues.length },
          relu: { bool: relu },
          need_input: { bool: needInput },
          l2: { float: penalized ? 2 * config.l2!.coefficient : 0 },
          ...fusedUpdate(config.optimizer),
        },
        // It writes to the very storage that those read.
        { after: readers.get(names[0]!) ?? [] },
      );
      for (const name of variables) updated.set(name, op);
      return op;
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
  const stepNumber = graph.op(
    'Cast',
    [graph.op('AddV2', [number, graph.scalar(1, 'int32')], { T: { type: 'int32' } })],
    { SrcT: { type: 'int32' }, DstT: { type: 'float32' } },
  );
  const { images, labels } = addBatch(graph, 'train', indices, options.preprocessing, options.fused);
  const { logits, layers } = addForward(step, options, images);
  const { total, correct, dLogits } = addLoss(step, config.loss, logits, labels, options.classes);

  const mean = graph.op('Mul', [total, graph.scalar(1 / batch)], float32);
  const loss = addPenalties(step, config.l2, mean);

  const gradients: Gradients = new Map();
  let gradient: Output | null = dLogits;
  const firstTrained = network.layers.findIndex((layer) => 'name' in layer);
  for (let i = layers.length - 1; i >= firstTrained; i--) {
    gradient = layers[i]!.backward(gradient!, gradients, i > firstTrained);
  }

  const update = optimizerUpdate(graph, config.optimizer, { learningRate, stepNumber });
  addDecay(step, config.l2, gradients);
  for (const name of gradients.keys()) {
    const slotHandles = slots.map((slot) => `${name}/${slot}`);
    // An update in place beside an op that still holds the old value would make TensorFlow copy the whole variable first.
    updated.set(name, update(name, slotHandles, gradients.get(name)!, readers.get(name) ?? []));
  }
  for (const [name, op] of sideEffects) updated.set(name, op);
  return { loss, correct };
}

/** Returns the loss with Keras's l2: coefficient * sum(W^2) of each penalized layer. */
function addPenalties(step: StepBuilder, l2: RunConfig['l2'], loss: Output): Output {
  const { graph } = step;
  let total = loss;
  for (const layer of l2?.layers ?? []) {
    const name = `${layer}/kernel`;
    const halfSquares = graph.op('L2Loss', [step.read(name)], float32);
    step.holdUpdate(name, halfSquares);
    const penalty = graph.op('Mul', [halfSquares, graph.scalar(2 * l2!.coefficient)], float32);
    total = graph.op('AddV2', [total, penalty], float32);
  }
  return total;
}

/** Adds the gradient of the penalties, 2 * coefficient * W. Fused operators have added it already. */
function addDecay(step: StepBuilder, l2: RunConfig['l2'], gradients: Gradients): void {
  const { graph } = step;
  for (const name of l2?.layers.map((layer) => `${layer}/kernel`) ?? []) {
    const gradient = gradients.get(name);
    if (gradient === undefined) continue;
    const decay = graph.op('Mul', [step.read(name), graph.scalar(2 * l2!.coefficient)], float32);
    gradients.set(name, graph.op('AddV2', [gradient, decay], float32));
  }
}
