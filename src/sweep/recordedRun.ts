import type { RunStatus } from '../results/runStatus.ts';
import { type Environment, openSession, type Source } from './provenance.ts';
import { lockRun } from './resultsLock.ts';
import { type RunInProcessOptions, runInProcess } from './runInProcess.ts';

export interface RecordedRunOptions extends RunInProcessOptions {
  environment: Environment;
  source: Source;
}

/**
 * Trains one run in this process as `runInProcess` does, alone in its folder, with its provenance and, when it is done, its checksums.
 */
export async function recordedRun({
  environment,
  source,
  ...options
}: RecordedRunOptions): Promise<RunStatus> {
  const release = await lockRun(options.files.dir, options.signal);
  try {
    const datasetSha256 = options.dataset.checksum;
    const close = openSession(options.files, { source, environment, datasetSha256 });
    const status = await runInProcess(options);
    close(status);
    return status;
  } finally {
    release();
  }
}
