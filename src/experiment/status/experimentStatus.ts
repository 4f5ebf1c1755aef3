import { existsSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { isAlive } from '../../base/files/processes.ts';
import { UserError } from '../../base/userError.ts';
import type { RunConfig } from '../config/schema.ts';
import { splitSizes } from '../data/datasetFacts.ts';
import { type Speed, secondsPerStep } from '../plan/stepTime.ts';
import { type OnDamage, readOrElse } from '../results/damage.ts';
import { type ResultsLayout, resultsLayout } from '../results/layout.ts';
import type { MetricsRow } from '../results/metricsRow.ts';
import { readMetrics } from '../results/readMetrics.ts';
import { type RunProgress, readProgress } from '../results/runProgress.ts';
import type { RunStatus } from '../results/runStatus.ts';
import { experimentRuns } from './experimentRuns.ts';
import { isFinished, readStoredRun, type StoredRun } from './runFolder.ts';
import { findSpectraDamage } from './spectraDamage.ts';

/** What a scheduler says of the task that trains a run. */
export interface SchedulerTask {
  job: string;
  /** In the scheduler's words. */
  state: string;
  /** True while it waits, runs or will run again. */
  active: boolean;
  reason: string | null;
  nodes: string | null;
}

/** How one run stands; keys are those of `status --json`. */
export interface RunState {
  run: string;
  /**
   * `waiting`: nothing of it is there yet, or it ended with fewer epochs than are now asked for. A run whose process is gone is
   * `interrupted`: the same command goes on with it. `damaged`: what is there of it cannot be read.
   */
  state: 'done' | 'running' | 'failed' | 'interrupted' | 'waiting' | 'damaged';
  epoch: number;
  epochs: number | null;
  /** Steps of the epoch under way that are done, and all of them; null where none is. */
  step: number | null;
  steps: number | null;
  test_accuracy: number | null;
  images_per_second: number | null;
  /** Seconds of training left; null where no speed is known, and for ended runs. */
  eta_s: number | null;
  host: string | null;
  updated_at: string | null;
  error: string | null;
  /** The task of a scheduler that trains it; null where there is none. */
  task: SchedulerTask | null;
}

export interface ExperimentState {
  dir: string;
  runs: RunState[];
  done: number;
  running: number;
  failed: number;
  interrupted: number;
  waiting: number;
  damaged: number;
  /** Files that cannot be read, each with the reason. */
  damage: string[];
  /** Seconds until all runs are done at the present number side by side; null where not all speeds are known. */
  eta_s: number | null;
}

/**
 * Returns how the runs of a results folder stand, by its files: from any shell or machine that sees them. `tasks`, by run, is what a
 * scheduler says; it knows better than the files whether a process on another machine is still there.
 */
export function experimentStatus(
  dir: string,
  now = Date.now(),
  tasks: ReadonlyMap<string, SchedulerTask> = new Map(),
): ExperimentState {
  const layout = resultsLayout(dir);
  if (!existsSync(dir) || !statSync(dir).isDirectory()) {
    throw new UserError(`results folder must exist, got ${dir}`, 'It is made by phasewatch run or train.');
  }
  const damage: string[] = [];
  const onDamage: OnDamage = (_, error) => damage.push(error.message);
  const files = [...experimentRuns(layout, onDamage)].map(([run, config]) =>
    readRun(layout, run, config, onDamage),
  );
  findSpectraDamage(layout, onDamage);
  if (files.length === 0)
    throw new UserError(`results folder must hold experiment.yaml or runs/, got ${dir}`);
  const speeds = files.flatMap(({ config, last, progress }): { config: RunConfig; speed: Speed }[] => {
    const imagesPerSecond = last?.images_per_second ?? progress?.images_per_second ?? null;
    return config === null || imagesPerSecond === null
      ? []
      : [{ config, speed: { batchSize: config.batchSize, imagesPerSecond } }];
  });
  const runs = files.map((one) =>
    runState(
      one,
      speeds.filter(({ config }) => sameWork(config, one.config)).map(({ speed }) => speed),
      now,
      tasks.get(one.run) ?? null,
    ),
  );
  const counted = (state: RunState['state']): number => runs.filter((run) => run.state === state).length;
  const running = counted('running');
  const open = runs.filter(
    ({ state }) => state === 'running' || state === 'waiting' || state === 'interrupted',
  );
  const left = open.reduce<number | null>(
    (sum, { eta_s }) => (sum === null || eta_s === null ? null : sum + eta_s),
    0,
  );
  return {
    dir,
    runs,
    done: counted('done'),
    running,
    failed: counted('failed'),
    interrupted: counted('interrupted'),
    waiting: counted('waiting'),
    damaged: counted('damaged'),
    damage,
    eta_s: left === null ? null : left / Math.max(1, running),
  };
}

interface RunFiles {
  run: string;
  config: RunConfig | null;
  stored: StoredRun | null;
  damaged: boolean;
  last: MetricsRow | undefined;
  /** Of a process that may be gone. */
  progress: RunProgress | null;
}

function readRun(
  layout: ResultsLayout,
  run: string,
  planned: RunConfig | null,
  onDamage: OnDamage,
): RunFiles {
  const files = layout.run(run);
  let damaged = false;
  const stored = readOrElse(
    files.dir,
    () => readStoredRun(files),
    null,
    (path, error) => {
      damaged = true;
      onDamage(path, error);
    },
  );
  const last = readOrElse(files.metrics, () => readMetrics(files, stored?.status ?? null), [], onDamage).at(
    -1,
  );
  const progress = readProgress(files.progress);
  return { run, config: planned ?? stored?.config ?? null, stored, damaged, last, progress };
}

function runState(
  { run, config, stored, damaged, last, progress }: RunFiles,
  speeds: readonly Speed[],
  now: number,
  task: SchedulerTask | null,
): RunState {
  const status = stored?.status ?? null;
  const extended = status?.state === 'done' && config !== null && !isFinished(status, config.epochs);
  const state = damaged ? 'damaged' : extended ? 'waiting' : stateOf(status, task);
  const underWay = state === 'running' && progress?.epoch === status!.epoch + 1 ? progress : null;
  const ended = state === 'done' || state === 'failed' || state === 'damaged';
  return {
    run,
    state,
    epoch: status?.epoch ?? 0,
    epochs: config?.epochs ?? status?.epochs ?? null,
    step: underWay?.step ?? null,
    steps: underWay?.steps ?? null,
    test_accuracy: last?.test_accuracy ?? null,
    images_per_second:
      underWay?.images_per_second ?? status?.images_per_second ?? last?.images_per_second ?? null,
    eta_s:
      ended || config === null
        ? null
        : secondsLeft(
            config,
            { epoch: status?.epoch ?? 0, since: state === 'running' ? status!.updated_at : null },
            underWay,
            last,
            speeds,
            now,
          ),
    host: status?.host ?? null,
    updated_at: status?.updated_at ?? null,
    error: status?.error ?? (ended || task === null ? null : taskError(task)),
    task,
  };
}

function stateOf(status: RunStatus | null, task: SchedulerTask | null): RunState['state'] {
  if (status === null) return 'waiting';
  if (status.state === 'interrupted') return task?.active === true ? 'waiting' : 'interrupted';
  if (status.state !== 'running') return status.state;
  if (status.host === hostname() && isAlive(status.pid)) return 'running';
  // What a task that was requeued left behind stays until its turn comes.
  if (task?.state === 'PENDING') return 'waiting';
  const gone = status.host === hostname() || task?.active === false;
  return gone ? 'interrupted' : 'running';
}

function taskError({ job, state, active, reason }: SchedulerTask): string | null {
  if (active || state === 'COMPLETED') return null;
  return `task ${job} ended as ${state}${reason === null ? '' : ` (${reason})`}`;
}

function secondsLeft(
  config: RunConfig,
  at: { epoch: number; since: string | null },
  underWay: RunProgress | null,
  last: MetricsRow | undefined,
  speeds: readonly Speed[],
  now: number,
): number | null {
  const images = splitSizes(config)?.trained ?? null;
  const perStep = secondsPerStep(speeds, config.batchSize);
  const perEpoch =
    last?.train_time_s ??
    (perStep === null || images === null ? null : perStep * Math.ceil(images / config.batchSize));
  if (underWay !== null) {
    const { step, steps, images_per_second } = underWay;
    const wholeEpoch = perEpoch ?? (images === null ? null : images / images_per_second);
    return wholeEpoch === null ? null : (config.epochs - at.epoch - step / steps) * wholeEpoch;
  }
  if (perEpoch === null) return null;
  const epochs = Math.max(0, config.epochs - at.epoch);
  // The file is written at the end of an epoch; since then the next one is under way.
  const since = at.since === null ? 0 : (now - Date.parse(at.since)) / 1000;
  return epochs * perEpoch - Math.min(Math.max(0, since), epochs === 0 ? 0 : perEpoch);
}

function sameWork(a: RunConfig, b: RunConfig | null): boolean {
  return b !== null && a.dataset === b.dataset && JSON.stringify(a.network) === JSON.stringify(b.network);
}
