import { type Environment, openSession, type Source } from '../experiment/results/provenance.ts';
import { newStatus, type RunStatus, writeStatus } from '../experiment/results/runStatus.ts';
import { lockRun } from '../experiment/status/resultsLock.ts';
import { type RunInProcessOptions, runInProcess } from './runInProcess.ts';

export interface RecordedRunOptions extends RunInProcessOptions {
  environment: Environment;
  source: Source;
}

/**
 * Trains one run in this process as `runInProcess` does, alone in its folder, with its provenance and, when it is done, its checksums.
 * Returns how it ended. A folder that cannot be written to fails this run and no other.
 */
export async function recordedRun({
  environment,
  source,
  ...options
}: RecordedRunOptions): Promise<RunStatus> {
  const { run, files, config, signal, onEvent } = options;
  const ended: RunStatus = newStatus(config.epochs);
  let release = (): void => {};
  try {
    release = await lockRun(files.dir, {
      signal,
      onWait: (message) => onEvent({ type: 'note', message }),
    });
    const datasetSha256 = options.dataset.checksum;
    const close = openSession(files, { source, environment, datasetSha256 });
    Object.assign(ended, await runInProcess(options));
    close(ended);
  } catch (error) {
    if (signal.aborted) return { ...ended, state: 'interrupted' };
    Object.assign(ended, { state: 'failed', error: (error as Error).message });
    tryToWrite(files.status, ended);
    onEvent({ type: 'run-failed', run, error: (error as Error).message });
  } finally {
    release();
  }
  return ended;
}

/** On a full disk even the status cannot be written; the run has failed all the same. */
function tryToWrite(path: string, status: RunStatus): void {
  try {
    writeStatus(path, status);
  } catch {
    // told by the event
  }
}
