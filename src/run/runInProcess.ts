import pino from 'pino';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import type { RunConfig } from '../experiment/config/schema.ts';
import type { Dataset } from '../experiment/data/dataset.ts';
import type { RunLayout } from '../experiment/results/layout.ts';
import { type Environment, openSession, type Source } from '../experiment/results/provenance.ts';
import { ProgressFile } from '../experiment/results/runProgress.ts';
import { newStatus, type RunStatus, readStatus, writeStatus } from '../experiment/results/runStatus.ts';
import { lockRun } from '../experiment/status/resultsLock.ts';
import type { RunEvent } from '../experiment/status/runEvents.ts';
import { checkpointIdentity } from '../experiment/status/runFolder.ts';
import type { SessionBinding } from '../train/graph/graphSession.ts';
import { trainRun } from '../train/trainRun.ts';
import { trainingData } from './trainingData.ts';

export interface RunInProcessOptions {
  run: string;
  files: RunLayout;
  config: RunConfig;
  dataset: Dataset;
  binding: SessionBinding;
  environment: Environment;
  source: Source;
  /** The process that the command was started as; this one when left out. */
  commandPid?: number | undefined;
  signal: AbortSignal;
  onEvent(event: RunEvent): void;
}

/**
 * Trains one run here and now, alone in its folder, and returns how it ended. Keeps config.json, status.json, log.ndjson and
 * provenance.json true, and writes the checksums of a run that is done. A folder that cannot be written to fails this run and no other.
 */
export async function runInProcess(options: RunInProcessOptions): Promise<RunStatus> {
  const { run, files, config, dataset, environment, source, signal, onEvent } = options;
  let status = newStatus(config.epochs);
  let release = (): void => {};
  try {
    release = await lockRun(files.dir, {
      signal,
      onWait: (message) => onEvent({ type: 'note', message }),
    });
    const close = openSession(files, { source, environment, datasetSha256: dataset.checksum });
    status = await trainTold(options);
    close(status);
  } catch (error) {
    if (signal.aborted) return { ...status, state: 'interrupted' };
    const { message } = error as Error;
    status = { ...status, state: 'failed', error: message };
    unlessFull(() => writeStatus(files.status, status));
    onEvent({ type: 'run-failed', run, error: message });
  } finally {
    release();
  }
  return status;
}

/** Trains the run and tells of it: in its config, its status, its log, and to who listens. Returns how it ended. */
async function trainTold(options: RunInProcessOptions): Promise<RunStatus> {
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
    unlessFull(
      () => update({ state: 'failed', error: message, finished_at: now() }),
      (problem) => log.error(problem, 'status not written'),
    );
    status = { ...status, state: 'failed', error: message };
    onEvent({ type: 'run-failed', run, error: message });
  } finally {
    progressFile.remove();
    destination.destroy();
  }
  return status;
}

/** On a full disk even the status cannot be written; the run has failed all the same, and an event tells. */
function unlessFull(write: () => void, onProblem: (problem: unknown) => void = () => {}): void {
  try {
    write();
  } catch (problem) {
    onProblem(problem);
  }
}
