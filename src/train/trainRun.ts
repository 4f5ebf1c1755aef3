import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../base/files/makeFolder.ts';
import { firstNotFinite } from '../base/firstNotFinite.ts';
import {
  type Circumstances,
  type Counters,
  circumstancesBetween,
  readCounters,
} from '../base/machine/circumstances.ts';
import { permutation, randomStream } from '../base/random/stream.ts';
import { UserError } from '../base/userError.ts';
import type { RunConfig } from '../experiment/config/schema.ts';
import type { Network } from '../experiment/networks/network.ts';
import { resolveNetwork } from '../experiment/networks/resolveNetwork.ts';
import { readMetricsCsv, writeMetricsCsv } from '../experiment/results/csvFiles.ts';
import { type RunLayout, snapshotEpoch } from '../experiment/results/layout.ts';
import { type MetricsRow, NO_CIRCUMSTANCES } from '../experiment/results/metricsRow.ts';
import { writeSnapshot } from '../experiment/results/snapshot.ts';
import { epochStart, readCheckpoint, type TrainingPosition, writeCheckpoint } from './checkpoint.ts';
import { shouldStop } from './earlyStopping.ts';
import type { SessionBinding } from './graph/graphSession.ts';
import { initialWeights } from './initialWeights.ts';
import type { ImageSplit, Preprocessing } from './step/batch.ts';
import { batchesPerEpoch, callShapes, epochCalls } from './step/sessionCalls.ts';
import { TrainingSession } from './step/trainingSession.ts';

/** The images of a run, labels already randomized where the config asks for it. */
export interface TrainingData {
  inputShape: readonly number[];
  classes: number;
  preprocessing: Preprocessing;
  train: ImageSplit;
  test: ImageSplit;
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
}

/** Long enough for ticks of a hundredth of a second to tell, and for reading them to cost nothing beside the steps. */
const CIRCUMSTANCES_INTERVAL_S = 1;

/** A loss or weights that are no longer finite numbers. Everything up to the last finished epoch is on disk. */
export class DivergenceError extends Error {
  override readonly name = 'DivergenceError';
}

/**
 * Trains one run from where its files stand to its last epoch and returns how it ended. After every epoch the snapshot, then
 * metrics.csv, then the checkpoint are written, each atomically: killed at any moment, the same call goes on from the last
 * checkpoint and ends with the same bytes. Throws DivergenceError when a loss or a weight is NaN or infinite.
 */
export async function trainRun(options: TrainRunOptions): Promise<TrainOutcome> {
  const { files, config, data, identity } = options;
  makeFolder(files.snapshots);
  const network = resolveNetwork(config.network, data.inputShape, data.classes);
  const session = new TrainingSession(options.binding, {
    network,
    config,
    preprocessing: data.preprocessing,
    classes: data.classes,
    calls: callShapes(data.train.count, config.batchSize),
    train: data.train,
    test: data.test,
  });
  try {
    return await trainFrom(restore(options, network, session), options, network, session, identity);
  } finally {
    session.close();
  }
}

/** Brings session and files to the state of the last checkpoint, or to that of epoch 0. */
function restore(
  { files, config, identity, onResume, onEpoch }: TrainRunOptions,
  network: Network,
  session: TrainingSession,
): { position: TrainingPosition; rows: MetricsRow[] } {
  const checkpoint = readCheckpoint(files.checkpoint, identity, session.state);
  if (checkpoint !== null) {
    const { position } = checkpoint;
    session.setState(checkpoint.values);
    const rows = metricsUpTo(files, position.epoch);
    removeSnapshotsAfter(files, position.epoch);
    onResume(position);
    return { position, rows };
  }
  removeSnapshotsAfter(files, -1);
  const weights = initialWeights(network, config.initSeed ?? config.seed);
  session.setState(
    new Map(
      session.state.map(({ name, shape }) => [
        name,
        weights.get(name) ?? new Float32Array(shape.reduce((a, b) => a * b, 1)),
      ]),
    ),
  );
  const test = session.evaluate();
  const row: MetricsRow = {
    epoch: 0,
    learning_rate: null,
    train_loss: null,
    train_accuracy: null,
    test_loss: test.loss,
    test_accuracy: test.accuracy,
    images_per_second: null,
    train_time_s: null,
    ...NO_CIRCUMSTANCES,
  };
  const position = epochStart(0);
  save(files, config, network, session, identity, position, [row]);
  onEpoch(row);
  return { position, rows: [row] };
}

/** Returns the rows of all epochs up to one; metrics.csv is written before the checkpoint, so it lacks none of them unless it is damaged. */
function metricsUpTo({ metrics }: RunLayout, epoch: number): MetricsRow[] {
  const rows = existsSync(metrics) ? readMetricsCsv(metrics).filter((row) => row.epoch <= epoch) : [];
  if (rows.length !== epoch + 1 || rows.some((row, i) => row.epoch !== i)) {
    throw new UserError(
      `${metrics} must have a row for each of the epochs 0 to ${epoch}, as the checkpoint does, got ` +
        `${rows.map((row) => row.epoch).join(', ') || 'none'}`,
    );
  }
  return rows;
}

async function trainFrom(
  { position, rows }: { position: TrainingPosition; rows: MetricsRow[] },
  options: TrainRunOptions,
  network: Network,
  session: TrainingSession,
  identity: string,
): Promise<TrainOutcome> {
  const { files, config, signal } = options;
  let at = position;
  while (at.epoch < config.epochs) {
    if (shouldStop(rows, config.earlyStopping)) return { state: 'done', epoch: at.epoch, stoppedEarly: true };
    const epoch = at.epoch + 1;
    const learningRate = config.learningRate * config.learningRateDecay ** at.epoch;
    const before = readCounters({ commandPid: options.commandPid });
    const sums = await trainEpoch(options, session, at, learningRate, rows, before);
    const { cpu_over_wall, cores_used, steal_cores, other_cores } = circumstancesBetween(
      before,
      readCounters({ commandPid: options.commandPid }),
    );
    if (sums.batches < batchesPerEpoch(options.data.train.count, config.batchSize)) {
      const state = session.getState(session.state.map(({ name }) => name));
      writeCheckpoint(files.checkpoint, identity, sums, session.state, state);
      return { state: 'interrupted', epoch: at.epoch, stoppedEarly: false };
    }
    const test = session.evaluate();
    if (!Number.isFinite(test.loss)) {
      // The last update of the epoch can ruin the weights after its loss was taken.
      throw new DivergenceError(
        `loss must be a finite number, got ${test.loss} on the test images after epoch ${epoch}, step ${sums.batches} of ` +
          `${sums.batches} (last finite loss ${(sums.lossSum / sums.images).toPrecision(6)}, the mean of the epoch)`,
      );
    }
    const row: MetricsRow = {
      epoch,
      learning_rate: learningRate,
      train_loss: sums.lossSum / sums.images,
      train_accuracy: sums.correct / sums.images,
      test_loss: test.loss,
      test_accuracy: test.accuracy,
      images_per_second: sums.images / sums.seconds,
      train_time_s: sums.seconds,
      cpu_over_wall,
      cores_used,
      steal_cores,
      other_cores,
    };
    rows.push(row);
    at = epochStart(epoch);
    save(files, config, network, session, identity, at, rows);
    options.onEpoch(row);
    if (signal.aborted && epoch < config.epochs) return { state: 'interrupted', epoch, stoppedEarly: false };
  }
  return { state: 'done', epoch: at.epoch, stoppedEarly: false };
}

/** Trains on the rest of an epoch and returns its sums; fewer batches than the epoch has when the signal ended it. */
async function trainEpoch(
  { config, data, signal, onStep, commandPid }: TrainRunOptions,
  session: TrainingSession,
  start: TrainingPosition,
  learningRate: number,
  rows: readonly MetricsRow[],
  before: Counters,
): Promise<TrainingPosition> {
  const { count } = data.train;
  const epoch = start.epoch + 1;
  const batches = batchesPerEpoch(count, config.batchSize);
  const order = permutation(randomStream(config.seed, `order/epoch=${epoch}`), count);
  const sums = { ...start };
  let circumstances: Circumstances | null = null;
  let lately: Circumstances | null = null;
  let last = before;
  let lastLoss = rows.at(-1)?.train_loss ?? null;
  for (const { first, batch, steps } of epochCalls(count, config.batchSize, start.batches)) {
    if (signal.aborted) return sums;
    const started = performance.now();
    const from = first * config.batchSize;
    const indices = order.slice(from, from + batch * steps);
    const totals = session.train(batch, steps, indices, learningRate, start.epoch * batches + first);
    if (totals.lastLoss !== null) lastLoss = totals.lastLoss;
    if (totals.divergedAt !== null) {
      throw new DivergenceError(
        `loss must be a finite number, got ${totals.badLoss} in epoch ${epoch} at step ${first + totals.divergedAt + 1} of ` +
          `${batches} (last finite loss ${lastLoss === null ? 'none' : lastLoss.toPrecision(6)})`,
      );
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
  return sums;
}

function save(
  files: RunLayout,
  config: RunConfig,
  network: Network,
  session: TrainingSession,
  identity: string,
  position: TrainingPosition,
  rows: readonly MetricsRow[],
): void {
  const values = session.getState(session.state.map(({ name }) => name));
  const { epoch } = position;
  checkFinite(values, epoch, rows.at(-1)?.train_loss ?? null);
  const last = epoch === config.epochs || shouldStop(rows, config.earlyStopping);
  if (last || epoch % config.snapshots.every === 0) {
    const layers = config.snapshots.layers ?? network.analyzedLayers;
    const kernels = layers.map((layer) => {
      const { name, shape } = network.parameters.find((parameter) => parameter.name === `${layer}/kernel`)!;
      return { layer, shape, data: values.get(name)! };
    });
    writeSnapshot(files.snapshot(epoch), epoch, kernels, config.snapshots.dtype);
  }
  writeMetricsCsv(files.metrics, rows);
  writeCheckpoint(files.checkpoint, identity, position, session.state, values);
}

/** A loss can stay finite where weights do not: of ReLU units that are NaN, none may be active. */
function checkFinite(values: ReadonlyMap<string, Float32Array>, epoch: number, loss: number | null): void {
  for (const [name, data] of values) {
    const bad = firstNotFinite(data);
    if (bad !== null) {
      throw new DivergenceError(
        `weights must be finite numbers, got ${data[bad]} at index ${bad} of ${name} after epoch ${epoch} ` +
          `(last finite loss ${loss === null ? 'none' : loss.toPrecision(6)})`,
      );
    }
  }
}

/** Removes what a killed process wrote after its last checkpoint, so that a run never shows more than it can stand for. */
function removeSnapshotsAfter(files: RunLayout, epoch: number): void {
  for (const name of readdirSync(files.snapshots)) {
    const found = snapshotEpoch(name);
    if (found === null || found > epoch) rmSync(join(files.snapshots, name), { force: true });
  }
}
