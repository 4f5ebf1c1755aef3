import pino from 'pino';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import type { RunConfig } from '../experiment/config/schema.ts';
import type { Dataset } from '../experiment/data/dataset.ts';
import { randomizeLabels } from '../experiment/data/randomLabels.ts';
import { validationSplit } from '../experiment/data/validationSplit.ts';
import type { RunLayout } from '../experiment/results/layout.ts';
import { ProgressFile } from '../experiment/results/runProgress.ts';
import { newStatus, type RunStatus, readStatus, writeStatus } from '../experiment/results/runStatus.ts';
import type { RunEvent } from '../experiment/status/runEvents.ts';
import { checkpointIdentity } from '../experiment/status/runFolder.ts';
import type { SessionBinding } from '../train/graph/graphSession.ts';
import { type TrainingData, trainRun } from '../train/trainRun.ts';

export interface RunInProcessOptions {
  run: string;
  files: RunLayout;
  config: RunConfig;
  dataset: Dataset;
  binding: SessionBinding;
  /** The process that the command was started as; this one when left out. */
  commandPid?: number | undefined;
  signal: AbortSignal;
  onEvent(event: RunEvent): void;
}

/** Trains one run here and now, keeping its config.json, status.json and log.ndjson true, and returns how it ended. */
export async function runInProcess(options: RunInProcessOptions): Promise<RunStatus> {
  const { run, files, config, dataset, onEvent } = options;
  writeFileAtomic(files.config, `${JSON.stringify(config, null, 2)}\n`);
  const destination = pino.destination({ dest: files.log, sync: true });
  // What keeps a log from being written keeps the run from its own files, and is told by those.
  destination.on('error', () => {});
  const log = pino({ base: { run }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  const now = (): string => new Date().toISOString();
  // What was trained before stays told, whatever keeps the run from going on.
  let status = { ...newStatus(config.epochs), epoch: readStatus(files.status)?.epoch ?? 0 };
  const update = (change: Partial<RunStatus>): void => {
    status = { ...status, ...change, updated_at: now() };
    writeStatus(files.status, status);
  };
  const progressFile = new ProgressFile(files.progress);
  let announced = false;
  const announce = (resumedAt: number | null): void => {
    if (announced) return;
    announced = true;
    log.info({ resumedAt }, resumedAt === null ? 'run starts' : 'run goes on');
    onEvent({ type: 'run-started', run, resumedAt });
  };
  try {
    update({});
    const outcome = await trainRun({
      files,
      config,
      identity: checkpointIdentity(config),
      data: trainingData(dataset, config),
      binding: options.binding,
      commandPid: options.commandPid,
      signal: options.signal,
      onResume: ({ epoch }) => {
        update({ epoch });
        announce(epoch);
      },
      onStep: ({ batch: step, batches: steps, ...progress }) => {
        const { epoch, imagesPerSecond } = progress;
        progressFile.write({ epoch, step, steps, images_per_second: imagesPerSecond });
        onEvent({ type: 'step', run, epochs: config.epochs, step, steps, ...progress });
      },
      onEpoch: (row) => {
        announce(null);
        log.info(row, 'epoch done');
        update({ epoch: row.epoch, images_per_second: row.images_per_second });
        onEvent({ type: 'epoch', run, row });
      },
    });
    log.info(outcome, `run ${outcome.state}`);
    update({
      state: outcome.state,
      epoch: outcome.epoch,
      stopped_early: outcome.stoppedEarly,
      warning: outcome.warning,
      finished_at: now(),
    });
    if (outcome.state === 'done') onEvent({ type: 'run-finished', run });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.error(error, 'run failed');
    tryUpdate(() => update({ state: 'failed', error: message, finished_at: now() }), log);
    status = { ...status, state: 'failed', error: message };
    onEvent({ type: 'run-failed', run, error: message });
  } finally {
    progressFile.remove();
    destination.destroy();
  }
  return status;
}

/** On a full disk even the status cannot be written; the run has failed all the same. */
function tryUpdate(update: () => void, log: pino.Logger): void {
  try {
    update();
  } catch (error) {
    log.error(error, 'status not written');
  }
}

/** Returns the images of a run, labels randomized where its config asks for it. */
export function trainingData(dataset: Dataset, config: RunConfig): TrainingData {
  const labels = trainingLabels(dataset, config);
  return {
    inputShape: dataset.shape,
    classes: dataset.classes,
    preprocessing: dataset.preprocessing,
    train: { ...dataset.train, labels },
    test: dataset.test,
  };
}

/** Returns the labels of the training images, randomized where the config asks for it; those that are held out keep theirs. */
function trainingLabels({ train, classes }: Dataset, { randomLabels, validation, seed }: RunConfig) {
  if (randomLabels === 0) return train.labels;
  const { trained } = validationSplit(train.count, Math.round(validation * train.count), seed);
  const randomized = randomizeLabels(
    Uint8Array.from(trained, (index) => train.labels[index]!),
    classes,
    randomLabels,
    seed,
  );
  const labels = Uint8Array.from(train.labels);
  trained.forEach((index, place) => {
    labels[index] = randomized[place]!;
  });
  return labels;
}
