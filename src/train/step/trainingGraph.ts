import { optimizerSlots } from '../../experiment/config/optimizerSlots.ts';
import { isDenseOnly, type Network } from '../../experiment/networks/network.ts';
import { GraphBuilder, type Output } from '../graph/graphBuilder.ts';
import { addBatch, addDataTransfer, addIndices, integerType, type SplitName } from './batch.ts';
import { addLoss } from './loss.ts';
import { evaluationBatches, MAX_UNROLLED_STEPS } from './sessionCalls.ts';
import { float32, type StepBuilder } from './stepBuilder.ts';
import {
  addForward,
  addTrainingStep,
  type StepOptions,
  trainsLayer,
  usedConvolution,
} from './trainingStep.ts';

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

export interface TrainingGraphOptions extends StepOptions {
  trainImages: number;
  testImages: number;
  /** How many training images an evaluation may take, one number for each evaluation there is of such; none when left out. */
  trainEvaluations?: readonly number[];
  /** The training calls to compile: each takes `steps` batches of `batch` images in one run of the session. */
  calls: readonly { batch: number; steps: number }[];
}

/** Marks that make a node part of what XLA compiles (tensorflow/compiler/jit, explicit compilation scopes). */
const XLA_MARKS = { _XlaCompile: { bool: true }, _XlaScope: { string: 'step' } } as const;

/** Names of the nodes that a session feeds and fetches. */
export const nodes = {
  stateValue: (name: string) => `value/${name}`,
  stateDone: 'state_done',
  stateRead: (name: string) => `read/${name}`,
  train: (batch: number, steps: number) => {
    const prefix = `train_${batch}x${steps}`;
    return { indices: `${prefix}_indices`, losses: `${prefix}_losses`, correct: `${prefix}_correct` };
  },
  learningRate: 'learning_rate',
  stepNumber: 'step_number',
  evaluate: (split: SplitName, batch: number) => {
    const prefix = `evaluate_${split}_${batch}`;
    return { indices: `${prefix}_indices`, loss: `${prefix}_loss`, correct: `${prefix}_correct` };
  },
} as const;

/**
 * Returns one graph that holds all a run does natively: taking the data and the state in, training steps, evaluation, giving the
 * state out. The images stay bytes in a variable; a step is fed the indices of its batch only.
 */
export function buildTrainingGraph(options: TrainingGraphOptions): TrainingGraph {
  const { network, config } = options;
  const graph = new GraphBuilder();
  const state = stateVariables(network, config);
  for (const { name, shape } of state) graph.variable(name, 'float32', shape);
  addStateTransfer(graph, state);
  for (const split of ['train', 'test'] as const) {
    const count = split === 'train' ? options.trainImages : options.testImages;
    addDataTransfer(graph, split, count, network.inputShape, options.preprocessing);
  }
  const learningRate = graph.placeholder(nodes.learningRate, 'float32', []);
  const firstStep = graph.placeholder(nodes.stepNumber, 'int32', []);
  for (const { batch, steps } of options.calls) {
    addTrainingCall(graph, options, { batch, steps, learningRate, firstStep });
  }
  for (const batch of evaluationBatches([options.testImages])) addEvaluation(graph, options, 'test', batch);
  for (const batch of evaluationBatches(options.trainEvaluations ?? [])) {
    addEvaluation(graph, options, 'train', batch);
  }
  return { graph, state };
}

function stateVariables(network: Network, config: StepOptions['config']): StateVariable[] {
  const slots = optimizerSlots(config.optimizer);
  return [
    ...network.parameters.map(({ name, shape }) => ({ name, shape })),
    ...network.parameters
      .filter(({ trainable, layer }) => trainable && trainsLayer(config, layer))
      .flatMap(({ name, shape }) => slots.map((slot) => ({ name: `${name}/${slot}`, shape }))),
  ];
}

/** Adds the nodes that set and read the variables of a state. */
export function addStateTransfer(graph: GraphBuilder, state: readonly StateVariable[]): void {
  const assigned = state.map(({ name, shape }) => {
    const value = graph.placeholder(nodes.stateValue(name), 'float32', shape);
    // A variable takes over the tensor it is assigned; the copy keeps updates out of the caller's memory.
    const copy = graph.op('DeepCopy', [value], float32);
    graph.op('ReadVariableOp', [name], { dtype: { type: 'float32' } }, { name: nodes.stateRead(name) });
    return graph.op('AssignVariableOp', [name, copy], { dtype: { type: 'float32' } });
  });
  graph.op('Identity', [graph.scalar(1)], float32, { name: nodes.stateDone, after: assigned });
}

/** A session call to add, and what it is fed beside the indices of its images. */
interface TrainingCall {
  batch: number;
  steps: number;
  learningRate: Output;
  firstStep: Output;
}

/** Adds a session call that trains on `steps` batches, one after the other: a loop of one step's nodes, or its nodes `steps` times. */
function addTrainingCall(graph: GraphBuilder, options: TrainingGraphOptions, call: TrainingCall): void {
  // XLA takes the nodes with this mark together, as far as reads and writes of variables let it.
  const marks = options.config.compile === 'xla' ? XLA_MARKS : {};
  const add = call.steps > MAX_UNROLLED_STEPS ? addLoop : addUnrolled;
  graph.withAttributes(marks, () => add(graph, options, call));
}

/** The steps of an unrolled call: one after the other, each reads what the one before has written. */
function addUnrolled(
  graph: GraphBuilder,
  options: TrainingGraphOptions,
  { batch, steps, learningRate, firstStep }: TrainingCall,
): void {
  const names = nodes.train(batch, steps);
  const indices = addIndices(graph, names.indices, [steps, batch], options.fused);
  // The last update of each variable: the next step reads the variable after it.
  const updated = new Map<string, Output>();
  const losses: Output[] = [];
  const correct: Output[] = [];
  for (let s = 0; s < steps; s++) {
    const number = graph.op('AddV2', [firstStep, graph.scalar(s, 'int32')], { T: { type: 'int32' } });
    const own = takeBatch(graph, indices, graph.scalar(s, 'int32'), options.fused);
    const results = addTrainingStep(graph, options, batch, own, learningRate, number, updated);
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

/** Returns the indices of one batch of a call. (Unpack, which would give all, has no GPU kernel for int64.) */
function takeBatch(graph: GraphBuilder, indices: Output, which: Output, fused: boolean): Output {
  return graph.op('GatherV2', [indices, which, graph.scalar(0, 'int32')], {
    Tparams: { type: integerType(fused) },
    Tindices: { type: 'int32' },
    Taxis: { type: 'int32' },
    batch_dims: { int: 0 },
  });
}

/** A call of so many steps that only a loop can hold them; on a GPU they need no word from the host in between. */
function addLoop(
  graph: GraphBuilder,
  options: TrainingGraphOptions,
  { batch, steps, learningRate, firstStep }: TrainingCall,
): void {
  const names = nodes.train(batch, steps);
  const indices = addIndices(graph, names.indices, [steps, batch], options.fused);
  const none = graph.constant(new Array(steps).fill(0), [steps], 'float32');
  const handles = stateVariables(options.network, options.config).map(({ name }) => name);
  const [losses, correct] = graph.loop(
    `loop_${batch}x${steps}`,
    steps,
    [
      { value: none, dtype: 'float32' },
      { value: none, dtype: 'float32' },
      { value: graph.scalar(0), dtype: 'float32' },
    ],
    (round, [lossesSoFar, correctSoFar, turn]) => {
      const number = graph.op('AddV2', [firstStep, round], { T: { type: 'int32' } });
      const own = takeBatch(graph, indices, round, options.fused);
      // Reads wait for the round's turn, which the round before hands on when it has written everything.
      const updated = new Map(handles.map((name) => [name, turn!]));
      const step = addTrainingStep(graph, options, batch, own, learningRate, number, updated);
      const place = graph.op('Reshape', [round, graph.constant([1, 1], [2], 'int32')], {
        T: { type: 'int32' },
        Tshape: { type: 'int32' },
      });
      const put = (values: Output, value: Output): Output =>
        graph.op(
          'TensorScatterUpdate',
          [
            values,
            place,
            graph.op('Reshape', [value, graph.constant([1], [1], 'int32')], {
              ...float32,
              Tshape: { type: 'int32' },
            }),
          ],
          { ...float32, Tindices: { type: 'int32' } },
        );
      return [
        put(lossesSoFar!, step.loss),
        put(correctSoFar!, step.correct),
        graph.op('Identity', [turn!], float32, { after: [...updated.values()] }),
      ];
    },
  );
  graph.op('Identity', [losses!], float32, { name: names.losses });
  graph.op('Identity', [correct!], float32, { name: names.correct });
}

function addEvaluation(
  graph: GraphBuilder,
  options: TrainingGraphOptions,
  split: SplitName,
  batch: number,
): void {
  const names = nodes.evaluate(split, batch);
  const indices = addIndices(graph, names.indices, [batch], options.fused);
  const step = evaluationStep(graph, options, batch, nodes.stateRead);
  const { images, labels } = addBatch(graph, split, indices, options.preprocessing, options.fused);
  const { logits } = addForward(step, options, images);
  const { total, correct } = addLoss(step, options.config, logits, labels, options.classes);
  const named = (value: Output, name: string): Output => graph.op('Identity', [value], float32, { name });
  named(total, names.loss);
  named(correct, names.correct);
}

/** Returns what layers need for a forward pass alone, their parameters read as `read` says. */
export function evaluationStep(
  graph: GraphBuilder,
  options: StepOptions,
  batch: number,
  read: (parameter: string) => Output,
): StepBuilder {
  return {
    graph,
    batch,
    training: false,
    precision: options.config.precision,
    convolution: usedConvolution(options),
    fused: options.fused,
    fusedTraining: options.fused,
    denseOnly: isDenseOnly(options.network.layers),
    trains: () => true,
    read,
    holdUpdate() {},
    addSideEffect() {},
    trainFused() {
      throw new Error('evaluation trains no layer');
    },
    randomUniform() {
      throw new Error('evaluation draws no random numbers');
    },
  };
}
