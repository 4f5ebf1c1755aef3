import { randomStream } from '../../base/random/stream.ts';
import { optimizerSlots } from '../../experiment/config/optimizerSlots.ts';
import type { RunConfig } from '../../experiment/config/schema.ts';
import type { Preprocessing } from '../../experiment/data/datasets.ts';
import { isDenseOnly, type Layer, type Network } from '../../experiment/networks/network.ts';
import type { GraphBuilder, Output } from '../graph/graphBuilder.ts';
import { addAugmentation } from './augmentation.ts';
import { addBatch } from './batch.ts';
import { addFusedConvolution, type Convolution, fusedConvolution, type MaxPool } from './fusedConvolution.ts';
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
  > &
    Partial<Pick<RunConfig, 'train' | 'augment' | 'labelSmoothing' | 'clipNorm'>>;
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

/** Returns whether a config trains the weights of a layer. */
export function trainsLayer({ train }: StepOptions['config'], layer: string): boolean {
  return train == null || train.layers.includes(layer);
}

/**
 * Forward pass from images to logits; the returned layers are in order, each with its backward pass. The first layers may be `known`
 * already, and the pass ends before the layer `end`.
 */
export function addForward(
  step: StepBuilder,
  { network, config }: StepOptions,
  images: Output,
  { known = [], end = network.layers.length }: { known?: readonly LayerOutput[]; end?: number } = {},
): { logits: Output; layers: LayerOutput[] } {
  const layers = [...known];
  const drops = ({ name }: Layer): boolean =>
    step.training && name !== undefined && (config.dropout?.layers.includes(name) ?? false);
  /** The layer behind a convolution that is one operator with it, if it pools the maxima and nothing else takes their sums. */
  let pooled: number | null = null;
  network.layers.slice(known.length, end).forEach((layer, place) => {
    const index = known.length + place;
    const { input, output, sources } = network.shapes[index]!;
    const [value, other] = sources.map((source) => (source < 0 ? images : layers[source]!.value));
    if (index === pooled) {
      layers.push({ value: value!, backward: (gradient) => gradient });
      return;
    }
    const how = layer.type === 'conv' ? fusedConvolution(step, layer, input, sources[0]! < 0) : null;
    const pool = index + 1 < end && !drops(layer) ? poolBehind(network, index) : null;
    if (how !== null && pool !== null) pooled = index + 1;
    const added =
      how === null
        ? addLayer(step, layer, value!, input, other)
        : addFusedConvolution(step, layer as Convolution, pool, how, value!);
    const dropped = drops(layer)
      ? addDropout(step, layer.name!, config.dropout!.rate, added.value, output)
      : null;
    layers.push(dropped === null ? added : inTurn(added, dropped));
  });
  return { logits: layers.at(-1)?.value ?? images, layers };
}

/** Returns the next layer where it pools maxima of this one, whose output no other layer takes; else null. */
function poolBehind({ layers, shapes }: Network, index: number): MaxPool | null {
  const takers = shapes.filter(({ sources }) => sources.includes(index));
  const next = layers[index + 1];
  return takers.length === 1 && takers[0] === shapes[index + 1] && next?.type === 'maxPool' ? next : null;
}

/** Returns two layers, one behind the other, as one. */
function inTurn(first: LayerOutput, second: LayerOutput): LayerOutput {
  return {
    value: second.value,
    backward: (gradient, gradients, needInput) =>
      first.backward(second.backward(gradient, gradients, true)!, gradients, needInput),
  };
}

/** Goes back through the layers from the gradient of the logits, as far down as anything is trained, and returns the gradients. */
function addBackward(
  step: StepBuilder,
  network: Network,
  layers: readonly LayerOutput[],
  dLogits: Output,
): Gradients {
  const trained = new Set(
    network.parameters
      .filter(({ trainable, layer }) => trainable && step.trains(layer))
      .map(({ layer }) => layer),
  );
  /** Whether the layer or one that leads to it is trained. */
  const reached: boolean[] = [];
  network.layers.forEach(({ name }, index) => {
    const own = name !== undefined && trained.has(name);
    reached.push(own || network.shapes[index]!.sources.some((source) => source >= 0 && reached[source]!));
  });
  const gradients: Gradients = new Map();
  const ofOutput = new Map<number, Output>([[layers.length - 1, dLogits]]);
  for (let index = layers.length - 1; index >= 0; index--) {
    const gradient = ofOutput.get(index);
    if (!reached[index] || gradient === undefined) continue;
    const wanted = network.shapes[index]!.sources.filter((source) => source >= 0 && reached[source]!);
    const back = layers[index]!.backward(gradient, gradients, wanted.length > 0);
    for (const source of wanted) {
      const known = ofOutput.get(source);
      ofOutput.set(source, known === undefined ? back! : step.graph.op('AddV2', [known, back!], float32));
    }
  }
  return gradients;
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
    // What needs all gradients before the first update, or changes the weights before it, has no fused operator.
    fusedTraining: options.fused && config.clipNorm == null && config.optimizer.weightDecay === 0,
    denseOnly: isDenseOnly(network.layers),
    trains: (layer) => trainsLayer(config, layer),
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
    trainFused({ op: type, layer, inputs, attributes }) {
      const names = [`${layer}/kernel`, `${layer}/bias`];
      const penalized = config.l2?.layers.includes(layer) ?? false;
      const variables = [...names, ...names.flatMap((name) => slots.map((slot) => `${name}/${slot}`))];
      const [kernel, bias, ...slotValues] = variables.map(step.read) as [Output, Output, ...Output[]];
      const op = graph.op(
        type,
        [...inputs, kernel, bias, learningRate, stepNumber, ...slotValues],
        {
          ...attributes,
          slot_count: { int: slotValues.length },
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
  const seen = addAugmentation(step, config.augment ?? null, images, network.inputShape);
  const { logits, layers } = addForward(step, options, seen);
  const { total, correct, dLogits } = addLoss(step, config, logits, labels, options.classes);

  const mean = graph.op('Mul', [total, graph.scalar(1 / batch)], float32);
  const loss = addPenalties(step, config.l2, mean);

  const gradients = addBackward(step, network, layers, dLogits);
  const update = optimizerUpdate(graph, config.optimizer, { learningRate, stepNumber });
  addDecay(step, config.l2, gradients);
  const scaled = clipped(graph, gradients, config.clipNorm ?? null);
  for (const name of gradients.keys()) {
    const slotHandles = slots.map((slot) => `${name}/${slot}`);
    // An update in place beside an op that still holds the old value would make TensorFlow copy the whole variable first.
    const held = readers.get(name) ?? [];
    const shrunk = addShrinking(step, name, learningRate, config.optimizer.weightDecay, held);
    updated.set(name, update(name, slotHandles, scaled.get(name)!, shrunk === null ? held : [shrunk]));
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

/** Returns the gradients, scaled down together where their common norm is above `longest`. */
function clipped(graph: GraphBuilder, gradients: Gradients, longest: number | null): Gradients {
  if (longest === null || gradients.size === 0) return gradients;
  const op = (type: string, ...inputs: Output[]): Output => graph.op(type, inputs, float32);
  const halfSquares = [...gradients.values()].map((gradient) => op('L2Loss', gradient));
  const half = halfSquares.reduce((sum, one) => op('AddV2', sum, one));
  const norm = op('Sqrt', op('Mul', half, graph.scalar(2)));
  const scale = op('RealDiv', graph.scalar(longest), op('Maximum', norm, graph.scalar(longest)));
  return new Map([...gradients].map(([name, gradient]) => [name, op('Mul', gradient, scale)]));
}

/** Adds the op that takes learningRate * weightDecay of a weight off it before its update, and returns it; null where there is none. */
function addShrinking(
  { graph, read }: StepBuilder,
  name: string,
  learningRate: Output,
  weightDecay: number,
  after: readonly Output[],
): Output | null {
  if (weightDecay === 0) return null;
  const share = graph.op('Mul', [learningRate, graph.scalar(weightDecay)], float32);
  const decrement = graph.op('Mul', [read(name), share], float32);
  return graph.op('AssignSubVariableOp', [name, decrement], { dtype: { type: 'float32' } }, { after });
}
