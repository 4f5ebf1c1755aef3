import type { MetricsRow } from './experiment/results/metricsRow.ts';
import type { RunEvent, RunOutcome } from './experiment/status/runEvents.ts';
import { loadExperiment } from './experiment/sweep/loadExperiment.ts';
import { runExperiment as run } from './run/runExperiment.ts';

export { UserError } from './base/userError.ts';
export type { MetricsRow } from './experiment/results/metricsRow.ts';
export type { RunEvent, RunOutcome, RunSummary } from './experiment/status/runEvents.ts';
export { type Experiment, type ExperimentRun, loadExperiment } from './experiment/sweep/loadExperiment.ts';

export interface RunOptions {
  /** Results folder; `results/<name>` under the working folder when left out. */
  out?: string;
  /** Overrides `key=value`, as `--set`. */
  set?: readonly string[];
  /** Threads of the engine; as it chooses when left out. */
  threads?: number;
  /** `cpu` or `gpu:<n>`; as the engine chooses when left out. */
  device?: string;
  /** Train and stop there: no spectra, no report. */
  trainOnly?: boolean;
  /** When aborted, the step is finished and the checkpoint written; the same call goes on from there. */
  signal?: AbortSignal;
  /** Called after every epoch of a run with its row of metrics.csv. */
  onEpoch?(run: string, metrics: MetricsRow): void;
  /** Called with everything that happens. */
  onEvent?(event: RunEvent): void;
}

/**
 * Trains every run of a config that is not finished, in this process and one after the other, analyzes the snapshots and writes the
 * report. `config` is a file, or its keys as an object (docs/reference/config.md). The engine is installed where there is none. A run that fails does
 * not stop the others: the summaries tell. Throws UserError for a wrong config and for a folder that holds other results.
 */
export function runExperiment(config: string | object, options: RunOptions = {}): Promise<RunOutcome> {
  const { out, set, threads = null, device = null, trainOnly = false, onEpoch, onEvent } = options;
  const experiment = loadExperiment(config, { out, set });
  return run(experiment, {
    outDir: experiment.outDir,
    trainOnly,
    retryFailed: false,
    failFast: false,
    jobs: 1,
    program: null,
    threads,
    device,
    signal: options.signal ?? new AbortController().signal,
    onEvent: (event) => {
      if (event.type === 'epoch') onEpoch?.(event.run, event.row);
      onEvent?.(event);
    },
  });
}
