import { makeFolder } from '../base/files/makeFolder.ts';
import {
  type Circumstances,
  type Counters,
  circumstancesBetween,
  readCounters,
} from '../base/machine/circumstances.ts';
import { permutation, randomStream } from '../base/random/stream.ts';
import type { RunConfig } from '../experiment/config/schema.ts';
import type { Split } from '../experiment/data/dataset.ts';
import type { Preprocessing } from '../experiment/data/datasets.ts';
import { validationSplit } from '../experiment/data/validationSplit.ts';
import type { Network } from '../experiment/networks/network.ts';
import { resolveNetwork } from '../experiment/networks/resolveNetwork.ts';
import type { RunLayout } from '../experiment/results/layout.ts';
import { type MetricsRow, NO_CIRCUMSTANCES } from '../experiment/results/metricsRow.ts';
import { epochStart, type TrainingPosition, writeCheckpoint } from './checkpoint.ts';
import { checkLoss, checkWeights, lossText } from './divergence.ts';
import { shouldStop } from './earlyStopping.ts';
import type { SessionBinding } from './graph/graphSession.ts';
import { initialState } from './initialWeights.ts';
import { learningRateOf } from './learningRate.ts';
import { notLearned, unchangedLayers } from './notLearned.ts';
import { resume } from './resume.ts';
import { saveEpoch } from './saveEpoch.ts';
import { batchesPerEpoch, callShapes, epochCalls } from './step/sessionCalls.ts';
import { TrainingSession } from './step/trainingSession.ts';

/** The images of a run, labels already randomized where the config asks for it. */
export interface TrainingData {
  inputShape: readonly number[];
  classes: number;
  preprocessing: Preprocessing;
  train: Split;
  test: Split;
}

export interface StepProgress {
  epoch: number;
  batch: number;
  batches: number;
  /** Of the epoch so far. */
  imagesPerSecond: number;
  /** Of the epoch so far, and of the last second or more; null before there is a second of it. */
  circumstances: Circumstances | null;
  lately: Circumstances | null;
}

export interface TrainRunOptions {
  files: RunLayout;
  config: RunConfig;
  /** See runIdentity: a checkpoint of another identity is not resumed. */
  identity: string;
  data: TrainingData;
  binding: SessionBinding;
  /** The process that the command was started as: it and its children are no company. This one when left out. */
  commandPid?: number | undefined;
  /** When aborted, the session call at hand is finished, the checkpoint written, and the run returns. */
  signal: AbortSignal;
  onResume(position: TrainingPosition): void;
  onStep(progress: StepProgress): void;
  onEpoch(row: MetricsRow): void;
}

export interface TrainOutcome {
  state: 'done' | 'interrupted';
  /** Finished epochs. */
  epoch: number;
  stoppedEarly: boolean;
  /** Why the run has not learned; null where it has, or is not done. */
  warning: string | null;
}

/** Long enough for ticks of a hundredth of a second to tell, and for reading them to cost nothing beside the steps. */
const CIRCUMSTANCES_INTERVAL_S = 1;

/**
 * Trains one run from where its files stand to its last epoch and returns how it ended. After every epoch the snapshot, then
 * metrics.csv, then the checkpoint are written, each atomically: killed at any moment, the same call goes on from the last
 * checkpoint and ends with the same bytes. Throws DivergenceError when a loss or a weight is NaN or infinite.
 */
export async function trainRun(options: TrainRunOptions): Promise<TrainOutcome> {
  makeFolder(options.files.snapshots);
  const run = new RunBody(options);
  try {
    run.start();
    return await run.trainEpochs();
  } finally {
    run.close();
  }
}

/** A run while it is trained: its session, and how far its files are. */
class RunBody {
  private readonly network: Network;
  private readonly session: TrainingSession;
  private readonly batches: number;
  /** Indices into the training images: those that are trained on, those held out, and those that are evaluated after an epoch. */
  private readonly trained: Int32Array;
  private readonly heldOut: Int32Array;
  private readonly evaluated: Int32Array;
  private position = epochStart(0);
  private rows: MetricsRow[] = [];
  /** The weights after the last epoch that this process saved, and the layers that it did not change. */
  private saved: ReadonlyMap<string, Float32Array> | null = null;
  private unchanged: readonly string[] = [];

  constructor(private readonly options: TrainRunOptions) {
    const { config, data, binding } = options;
    const { preprocessing, classes, train, test } = data;
    this.network = resolveNetwork(config.network, data.inputShape, classes);
    const { trained, heldOut } = validationSplit(train.count, config);
    this.trained = trained;
    this.heldOut = heldOut;
    this.evaluated = sample(this.trained, test.count, config.seed);
    this.batches = batchesPerEpoch(this.trained.length, config.batchSize);
    const calls = callShapes(this.trained.length, config.batchSize, binding.isUsingGpuDevice());
    const { network } = this;
    this.session = new TrainingSession(binding, {
      network,
      config,
      preprocessing,
      classes,
      calls,
      trainEvaluations: [this.evaluated.length, this.heldOut.length],
      train,
      test,
    });
  }

  close(): void {
    this.session.close();
  }

  /** Goes on from the last checkpoint, or sets the initial weights and saves epoch 0. */
  start(): void {
    const { files, config, identity, onResume, onEpoch } = this.options;
    const resumed = resume(files, identity, this.session);
    if (resumed !== null) {
      this.position = resumed.position;
      this.rows = resumed.rows;
      onResume(resumed.position);
      return;
    }
    this.session.setState(initialState(this.network, config.initSeed ?? config.seed, this.session.state));
    const row: MetricsRow = {
      epoch: 0,
      learning_rate: null,
      train_loss: null,
      train_accuracy: null,
      ...this.evaluations(),
      images_per_second: null,
      train_time_s: null,
      ...NO_CIRCUMSTANCES,
    };
    this.rows = [row];
    this.save();
    onEpoch(row);
  }

  async trainEpochs(): Promise<TrainOutcome> {
    const { files, config, identity, signal, onEpoch } = this.options;
    while (this.position.epoch < config.epochs) {
      if (shouldStop(this.rows, config.earlyStopping)) return this.outcome('done', true);
      const row = await this.trainEpoch();
      if (row === null) {
        writeCheckpoint(files.checkpoint, identity, this.position, this.session.state, this.values());
        return this.outcome('interrupted');
      }
      this.rows.push(row);
      this.position = epochStart(row.epoch);
      this.save();
      onEpoch(row);
      if (signal.aborted && row.epoch < config.epochs) return this.outcome('interrupted');
    }
    return this.outcome('done');
  }

  private outcome(state: TrainOutcome['state'], stoppedEarly = false): TrainOutcome {
    const warning = state === 'done' ? this.warning() : null;
    return { state, epoch: this.position.epoch, stoppedEarly, warning };
  }

  /** Trains what is left of an epoch and returns its row of metrics.csv; null when the signal ended it before. */
  private async trainEpoch(): Promise<MetricsRow | null> {
    const { config, commandPid } = this.options;
    const epoch = this.position.epoch + 1;
    const learningRate = learningRateOf(config, epoch);
    const before = readCounters({ commandPid });
    await this.trainSteps(epoch, learningRate, before);
    const { reason: _, ...circumstances } = circumstancesBetween(before, readCounters({ commandPid }));
    const sums = this.position;
    if (sums.batches < this.batches) return null;
    const evaluations = this.evaluations();
    // The last update of the epoch can ruin the weights after its loss was taken.
    checkLoss(
      evaluations.test_loss,
      `on the test images after epoch ${epoch}, step ${sums.batches} of ${sums.batches}`,
      `${lossText(sums.lossSum / sums.images)}, the mean of the epoch`,
    );
    return {
      epoch,
      learning_rate: learningRate,
      train_loss: sums.lossSum / sums.images,
      train_accuracy: sums.correct / sums.images,
      ...evaluations,
      images_per_second: sums.images / sums.seconds,
      train_time_s: sums.seconds,
      ...circumstances,
    };
  }

  private evaluations() {
    const train = this.session.evaluate(this.evaluated);
    const validation = this.heldOut.length === 0 ? null : this.session.evaluate(this.heldOut);
    const test = this.session.evaluate();
    return {
      evaluated_train_loss: train.loss,
      evaluated_train_accuracy: train.accuracy,
      validation_loss: validation?.loss ?? null,
      validation_accuracy: validation?.accuracy ?? null,
      test_loss: test.loss,
      test_accuracy: test.accuracy,
    } as const;
  }

  /** Trains on the batches of an epoch that are left, up to the signal, and adds them to the sums of the position. */
  private async trainSteps(epoch: number, learningRate: number, before: Counters): Promise<void> {
    const { config, signal, onStep, commandPid } = this.options;
    const { batches, trained } = this;
    const count = trained.length;
    const order = permutation(randomStream(config.seed, `order/epoch=${epoch}`), count);
    const sums = { ...this.position };
    this.position = sums;
    let circumstances: Circumstances | null = null;
    let lately: Circumstances | null = null;
    let last = before;
    let lastLoss = this.lastTrainLoss;
    const gpu = this.options.binding.isUsingGpuDevice();
    for (const { first, batch, steps } of epochCalls(count, config.batchSize, sums.batches, gpu)) {
      if (signal.aborted) return;
      const started = performance.now();
      const from = first * config.batchSize;
      const indices = order.slice(from, from + batch * steps).map((place) => trained[place]!);
      const totals = this.session.train(batch, steps, indices, learningRate, (epoch - 1) * batches + first);
      if (totals.lastLoss !== null) lastLoss = totals.lastLoss;
      if (totals.divergedAt !== null) {
        const step = first + totals.divergedAt + 1;
        checkLoss(totals.badLoss, `in epoch ${epoch} at step ${step} of ${batches}`, lossText(lastLoss));
      }
      sums.batches = first + steps;
      sums.lossSum += totals.loss;
      sums.correct += totals.correct;
      sums.images += totals.images;
      sums.seconds += (performance.now() - started) / 1000;
      if (performance.now() / 1000 - last.at >= CIRCUMSTANCES_INTERVAL_S) {
        const now = readCounters({ commandPid });
        circumstances = circumstancesBetween(before, now);
        lately = circumstancesBetween(last, now);
        last = now;
      }
      const imagesPerSecond = sums.images / sums.seconds;
      onStep({ epoch, batch: sums.batches, batches, imagesPerSecond, circumstances, lately });
      // Native calls block: signals and timers get their turn between them.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private get lastTrainLoss(): number | null {
    return this.rows.at(-1)?.train_loss ?? null;
  }

  private values(): Map<string, Float32Array> {
    return this.session.getState(this.session.state.map(({ name }) => name));
  }

  /** Saves the epoch that has ended; weights that are not finite are an error instead. */
  private save(): void {
    const { config } = this.options;
    const { position, rows, network } = this;
    const values = this.values();
    checkWeights(values, position.epoch, this.lastTrainLoss);
    this.unchanged = this.saved === null ? [] : unchangedLayers(network, config, this.saved, values);
    this.saved = values;
    saveEpoch({ ...this.options, network, state: this.session.state }, { position, rows, values });
  }

  private warning(): string | null {
    const { labels } = this.options.data.train;
    const last = this.rows.at(-1);
    if (last === undefined || last.epoch === 0) return null;
    return notLearned({
      accuracy: last.evaluated_train_accuracy,
      labels: Array.from(this.trained, (index) => labels[index]!),
      classes: this.options.data.classes,
      unchanged: this.unchanged,
    });
  }
}

/** Returns so many of the indices, drawn by seed, in rising order; all where there are no more. */
function sample(indices: Int32Array, count: number, seed: number): Int32Array {
  if (indices.length <= count) return indices;
  const order = permutation(randomStream(seed, 'evaluate/train'), indices.length);
  return order
    .slice(0, count)
    .map((place) => indices[place]!)
    .sort();
}
