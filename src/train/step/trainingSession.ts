import { elementCount } from '../../base/elementCount.ts';
import type { Split } from '../../experiment/data/dataset.ts';
import { type Feed, GraphSession, type SessionBinding } from '../graph/graphSession.ts';
import { dataFeeds } from './batch.ts';
import { EVALUATION_BATCH } from './sessionCalls.ts';
import { buildTrainingGraph, nodes, type StateVariable, type TrainingGraphOptions } from './trainingGraph.ts';

export interface TrainingSessionOptions
  extends Omit<TrainingGraphOptions, 'trainImages' | 'testImages' | 'fused' | 'gpu'> {
  /** Whether the engine's fused operators are used where it has them. Default: true. */
  fused?: boolean;
  train: Split;
  test: Split;
}

/** Sums over the images of a session call or of an evaluation. */
export interface BatchTotals {
  /** Sum over the images of their batch's mean loss. */
  loss: number;
  correct: number;
  images: number;
  /** Which batch of the call was the first whose loss is not a finite number, and that loss; null when all are finite. */
  divergedAt: number | null;
  badLoss: number | null;
  /** The last finite loss before that. */
  lastLoss: number | null;
}

/** A network in training on the native engine: data and state live in one TensorFlow session. */
export class TrainingSession {
  readonly state: readonly StateVariable[];
  private readonly session: GraphSession;
  private readonly testImages: number;

  constructor(binding: SessionBinding, options: TrainingSessionOptions) {
    const { train, test, network } = options;
    const { graph, state } = buildTrainingGraph({
      ...options,
      // XLA knows TensorFlow's operators only
      fused: binding.fusedOperators !== null && options.config.compile !== 'xla' && (options.fused ?? true),
      gpu: binding.isUsingGpuDevice(),
      trainImages: train.count,
      testImages: test.count,
    });
    this.state = state;
    this.testImages = test.count;
    this.session = new GraphSession(binding, graph);
    for (const [split, data] of [
      ['train', train],
      ['test', test],
    ] as const) {
      const { feeds, done } = dataFeeds(split, data, network.inputShape, options.preprocessing);
      this.session.run(feeds, [done]);
    }
  }

  /** Sets every variable of `state`; each must be given, with as many values as its shape has. */
  setState(values: ReadonlyMap<string, Float32Array>): void {
    const feeds: Record<string, Feed> = {};
    for (const { name, shape } of this.state) {
      const data = values.get(name);
      const size = elementCount(shape);
      if (data?.length !== size) {
        throw new Error(`state ${name} must have ${size} values, got ${data?.length ?? 'none'}`);
      }
      feeds[nodes.stateValue(name)] = { dtype: 'float32', shape, data };
    }
    this.session.run(feeds, [nodes.stateDone]);
  }

  /** Returns the values of the named variables. */
  getState(names: readonly string[]): Map<string, Float32Array> {
    const values = this.session.run({}, names.map(nodes.stateRead));
    return new Map(names.map((name, i) => [name, values[i] as Float32Array]));
  }

  /** Trains on `steps` batches in one call; `indices` are those of their images, batch after batch. */
  train(
    batch: number,
    steps: number,
    indices: Int32Array,
    learningRate: number,
    firstStep: number,
  ): BatchTotals {
    const names = nodes.train(batch, steps);
    const [losses, correct] = this.session.run(
      {
        [names.indices]: { dtype: 'int32', shape: [steps, batch], data: indices },
        [nodes.learningRate]: { dtype: 'float32', shape: [], data: Float32Array.of(learningRate) },
        [nodes.stepNumber]: { dtype: 'int32', shape: [], data: Int32Array.of(firstStep) },
      },
      [names.losses, names.correct],
    ) as [Float32Array, Float32Array];
    const bad = losses.findIndex((loss) => !Number.isFinite(loss));
    return {
      loss: losses.reduce((sum, loss) => sum + loss * batch, 0),
      correct: correct.reduce((sum, count) => sum + count, 0),
      images: batch * steps,
      divergedAt: bad < 0 ? null : bad,
      badLoss: bad < 0 ? null : losses[bad]!,
      lastLoss: losses[bad < 0 ? steps - 1 : bad - 1] ?? null,
    };
  }

  /**
   * Returns mean loss (without penalties) and accuracy over the test images, or over the training images of the given indices, whose
   * number must be one of `trainEvaluations`.
   */
  evaluate(trainIndices?: Int32Array): { loss: number; accuracy: number } {
    const split = trainIndices === undefined ? 'test' : 'train';
    const all = trainIndices ?? Int32Array.from({ length: this.testImages }, (_, i) => i);
    let loss = 0;
    let correct = 0;
    for (let from = 0; from < all.length; from += EVALUATION_BATCH) {
      const indices = all.slice(from, from + EVALUATION_BATCH);
      const count = indices.length;
      const names = nodes.evaluate(split, count);
      const totals = this.session.run(
        { [names.indices]: { dtype: 'int32', shape: [count], data: indices } },
        [names.loss, names.correct],
      );
      loss += totals[0]![0]!;
      correct += totals[1]![0]!;
    }
    return { loss: loss / all.length, accuracy: correct / all.length };
  }

  close(): void {
    this.session.close();
  }
}
