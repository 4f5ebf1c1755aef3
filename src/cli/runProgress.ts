import type { ExperimentRun } from '../sweep/loadExperiment.ts';
import { stepsPerEpoch } from '../sweep/planRuns.ts';
import type { RunEvent } from '../sweep/runEvents.ts';
import { type Speed, secondsPerStep } from '../sweep/stepTime.ts';
import { count, duration } from './numberText.ts';

/** Shorter epochs are mostly start-up: their speed says nothing about longer ones. */
const TELLING_SECONDS = 1;

interface RunState {
  run: ExperimentRun;
  state: 'waiting' | 'running' | 'done' | 'failed';
  /** Steps done of the whole run. */
  steps: number;
  epoch: number;
  imagesPerSecond: number | null;
  testAccuracy: number | null;
}

export interface RunProgress {
  /** Takes an event in and returns a line to keep on the screen, or null. */
  take(event: RunEvent): string | null;
  /** Returns where the experiment stands, as one line. */
  line(): string;
  /** Returns the measured speeds of the runs that trained. */
  speeds(): { run: ExperimentRun; imagesPerSecond: number }[];
}

/** Returns the state of a running experiment, told by its events. `known` gives speeds measured before, for the ETA. */
export function runProgress(
  runs: readonly ExperimentRun[],
  jobs: number,
  known: (run: ExperimentRun) => readonly Speed[],
): RunProgress {
  const states = new Map(
    runs.map((run): [string, RunState] => [
      run.id,
      { run, state: 'waiting', steps: 0, epoch: 0, imagesPerSecond: null, testAccuracy: null },
    ]),
  );
  const measured = new Map<ExperimentRun, number>();
  let phase: string | null = null;

  const remaining = (): number | null => {
    let total = 0;
    for (const { run, state, steps, imagesPerSecond } of states.values()) {
      if (state === 'done' || state === 'failed') continue;
      const speeds = [...known(run), ...similar(run)];
      const perStep =
        imagesPerSecond !== null
          ? run.config.batchSize / imagesPerSecond
          : secondsPerStep(speeds, run.config.batchSize);
      if (perStep === null) return null;
      total += perStep * (stepsPerEpoch(run.config) * run.config.epochs - steps);
    }
    return total / Math.min(jobs, runs.length);
  };
  /** Speeds of this very session for runs of the same network and data. */
  const similar = (run: ExperimentRun): Speed[] =>
    [...states.values()].flatMap(({ run: other, imagesPerSecond }) =>
      imagesPerSecond !== null &&
      other.config.dataset === run.config.dataset &&
      JSON.stringify(other.config.network) === JSON.stringify(run.config.network)
        ? [{ batchSize: other.config.batchSize, imagesPerSecond }]
        : [],
    );

  return {
    take: (event) => {
      if (event.type === 'engine') {
        phase = event.message;
        return null;
      }
      if (event.type === 'analyze') {
        phase = `analyzing ${event.done}/${event.total}`;
        return null;
      }
      phase = null;
      if (event.type === 'report') return null;
      const state = states.get(event.run)!;
      switch (event.type) {
        case 'run-skipped':
          state.state = 'done';
          return null;
        case 'run-started': {
          state.state = 'running';
          state.epoch = event.resumedAt ?? 0;
          state.steps = state.epoch * stepsPerEpoch(state.run.config);
          return event.resumedAt === null ? null : `${event.run}: goes on after epoch ${event.resumedAt}`;
        }
        case 'step':
          state.epoch = event.epoch;
          state.steps = (event.epoch - 1) * event.steps + event.step;
          state.imagesPerSecond = event.imagesPerSecond;
          return null;
        case 'epoch': {
          const { row } = event;
          state.epoch = row.epoch;
          state.steps = row.epoch * stepsPerEpoch(state.run.config);
          state.testAccuracy = row.test_accuracy;
          if (row.images_per_second !== null && (row.train_time_s ?? 0) >= TELLING_SECONDS) {
            measured.set(state.run, row.images_per_second);
          }
          return null;
        }
        case 'run-finished':
          state.state = 'done';
          return finishedLine(state);
        case 'run-failed':
          state.state = 'failed';
          return `${event.run}: failed: ${event.error}`;
      }
    },
    line: () => {
      if (phase !== null) return phase;
      const all = [...states.values()];
      const ended = all.filter(({ state }) => state === 'done' || state === 'failed').length;
      const running = all.filter(({ state }) => state === 'running');
      const failed = all.filter(({ state }) => state === 'failed').length;
      const now = running.map(runningText).join(' | ');
      const left = remaining();
      return [
        `${ended}/${all.length} runs`,
        ...(failed > 0 ? [`${failed} failed`] : []),
        ...(now === '' ? [] : [now]),
        ...(left === null ? [] : [`ETA ${duration(left)}`]),
      ].join('  ');
    },
    speeds: () => [...measured].map(([run, imagesPerSecond]) => ({ run, imagesPerSecond })),
  };
}

function runningText({ run, epoch, steps, imagesPerSecond, testAccuracy }: RunState): string {
  const perEpoch = stepsPerEpoch(run.config);
  const share = run.config.epochs === 0 ? 1 : steps / (perEpoch * run.config.epochs);
  return [
    `${run.id} epoch ${epoch}/${run.config.epochs} ${Math.floor(100 * share)} %`,
    ...(testAccuracy === null ? [] : [`test ${testAccuracy.toFixed(4)}`]),
    ...(imagesPerSecond === null ? [] : [`${count(imagesPerSecond)} img/s`]),
  ].join(' ');
}

function finishedLine({ run, epoch, testAccuracy, imagesPerSecond }: RunState): string {
  return [
    `${run.id}: done, epoch ${epoch}`,
    ...(testAccuracy === null ? [] : [`test ${testAccuracy.toFixed(4)}`]),
    ...(imagesPerSecond === null ? [] : [`${count(imagesPerSecond)} img/s`]),
  ].join(', ');
}
