import type { Circumstances } from '../../base/machine/circumstances.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import type { MetricsRow } from '../results/metricsRow.ts';
import type { StoredChoice } from './executorFile.ts';

export interface RunExperimentOptions {
  outDir: string;
  /** Train and stop there: no spectra, no report. */
  trainOnly: boolean;
  /** Train failed runs again. */
  retryFailed: boolean;
  /** Stop the sweep at the first run that fails. */
  failFast: boolean;
  /** Runs side by side; above 1 each has a process of its own. */
  jobs: number;
  /** Script of this program, started for each of several jobs with `train-one`; null where there is only one. */
  program: string | null;
  /** Threads for each run; null: as the engine chooses. */
  threads: number | null;
  /** What executor.json is to hold of that; no such file is written without. */
  choice?: StoredChoice | null;
  /** `cpu` or `gpu:<n>`; null: as the engine chooses. */
  device: string | null;
  /** Aborted by the first Ctrl-C: the step is finished, the checkpoint written. */
  signal: AbortSignal;
  onEvent(event: RunEvent): void;
}

/** What happens while an experiment is run, as a screen or a log wants to know it. */
export type RunEvent =
  | { type: 'engine'; message: string }
  /** It ended before: nothing is to be trained of it. */
  | { type: 'run-skipped'; run: string; state: 'done' | 'failed'; epoch: number; testAccuracy: number | null }
  | { type: 'run-started'; run: string; resumedAt: number | null }
  | {
      type: 'step';
      run: string;
      epoch: number;
      epochs: number;
      step: number;
      steps: number;
      imagesPerSecond: number;
      circumstances: Circumstances | null;
      lately: Circumstances | null;
    }
  | { type: 'epoch'; run: string; row: MetricsRow }
  | { type: 'run-finished'; run: string }
  | { type: 'run-failed'; run: string; error: string }
  /** Its process was ended from outside; the same command goes on with it. */
  | { type: 'run-interrupted'; run: string; error: string }
  /** What the user should know, and need not mend. */
  | { type: 'note'; message: string }
  | { type: 'layer-skipped'; message: string }
  | { type: 'truncate'; done: number; total: number }
  | { type: 'analyze'; done: number; total: number }
  | { type: 'report'; path: string };

/** What became of one run; keys are those of the JSON output. Figures are of the last finished epoch. */
export interface RunSummary {
  run: string;
  state: 'done' | 'failed' | 'interrupted' | 'waiting';
  epoch: number;
  epochs: number;
  /** Mean over the epoch while training. */
  train_accuracy: number | null;
  /** After the epoch, as the test accuracy is taken; null where it was not evaluated. */
  evaluated_train_accuracy: number | null;
  test_accuracy: number | null;
  /** Training minus test accuracy. */
  generalization_gap: number | null;
  images_per_second: number | null;
  stopped_early: boolean;
  /** Why the run has not learned; null where it has. */
  warning: string | null;
  /** Why the run failed, or what of its files cannot be read; null otherwise. */
  error: string | null;
  /** False when the run was finished before and nothing had to be trained. */
  trained: boolean;
}

export interface RunOutcome {
  runs: RunSummary[];
  /** Rows of spectra.csv; none with `trainOnly`. */
  layers: SpectrumRow[];
  /** Path of the report; null when none was written. */
  report: string | null;
  interrupted: boolean;
  /** Layers that could not be analyzed, each with its reason told. */
  skippedLayers: number;
  /** Files that could not be read for the report, each with the reason. */
  damage: string[];
}
