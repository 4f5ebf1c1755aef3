import { optimizerSlots } from '../../experiment/config/optimizerSlots.ts';
import type { RunConfig } from '../../experiment/config/schema.ts';
import type { Network } from '../../experiment/networks/network.ts';
import { GraphBuilder, type Output } from '../graph/graphBuilder.ts';
import { addBatch, addDataTransfer } from './batch.ts';
import { addLoss } from './loss.ts';
import { evaluationBatches } from './sessionCalls.ts';
import { float32, type StepBuilder } from './stepBuilder.ts';
import { addForward, addTrainingStep, type StepOptions } from './trainingStep.ts';

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
  /** The training calls to compile: each takes `steps` batches of `batch` images in one run of the session. */
  calls: readonly { batch: number; steps: number }[];
}

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
  evaluate: (batch: number) => {
    const prefix = `evaluate_${batch}`;
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
  const state = stateVariables(network, config.optimizer);
  for (const { name, shape } of state) graph.variable(name, 'float32', shape);
  addStateTransfer(graph, state);
  for (const split of ['train', 'test'] as const) {
    const count = split === 'train' ? options.trainImages : options.testImages;
    addDataTransfer(graph, split, count, network.inputShape, options.preprocessing);
  }
  const learningRate = graph.placeholder(nodes.learningRate, 'float32', []);
  const firstStep = graph.placeholder(nodes.stepNumber, 'int32', []);
  for (const { batch, steps } of options.calls) {
    addTrainingCall(graph, options, batch, steps, learningRate, firstStep);
  }
  for (const batch of evaluationBatches(options.testImages)) addEvaluation(graph, options, batch);
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

function addEvaluation(graph: GraphBuilder, options: TrainingGraphOptions, batch: number): void {
  const names = nodes.evaluate(batch);
  const indices = graph.placeholder(names.indices, 'int32', [batch]);
  const step: StepBuilder = {
    graph,
    batch,
    training: false,
    precision: options.config.precision,
    convolution: options.config.convolution,
    fused: options.fused,
    read: nodes.stateRead,
    holdUpdate() {},
    addSideEffect() {},
    trainDense() {
      throw new Error('evaluation trains no layer');
    },
    randomUniform() {
      throw new Error('evaluation draws no random numbers');
    },
  };
  const { images, labels } = addBatch(graph, 'test', indices, options.preprocessing, options.fused);
  const { logits } = addForward(step, options, images);
  const { total, correct } = addLoss(step, options.config.loss, logits, labels, options.classes);
  const named = (value: Output, name: string): Output => graph.op('Identity', [value], float32, { name });
  named(total, names.loss);
  named(correct, names.correct);
}
