import { largestOf } from '../../base/extremes.ts';
import { type Circumstances, companyText } from '../../base/machine/circumstances.ts';
import type { RunConfig } from '../../experiment/config/schema.ts';
import { stepsPerEpoch } from '../../experiment/plan/planRuns.ts';
import { type MeasuredSpeed, type SpeedSetting, threadsOf } from '../../experiment/plan/speedCache.ts';
import { type Speed, secondsPerStep } from '../../experiment/plan/stepTime.ts';
import type { RunEvent } from '../../experiment/status/runEvents.ts';
import type { ExperimentRun } from '../../experiment/sweep/loadExperiment.ts';
import { circumstancesText } from './circumstancesText.ts';
import { count, duration, fixed, NO_VALUE } from './numberText.ts';
import { type Column, formatTable } from './table.ts';

/** Shorter epochs are mostly start-up: their speed says nothing about longer ones. */
const TELLING_SECONDS = 1;

interface RunState {
  run: ExperimentRun;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'interrupted';
  /** Steps done of the whole run. */
  steps: number;
  epoch: number;
  imagesPerSecond: number | null;
  /** Of that speed. */
  circumstances: Omit<Circumstances, 'reason'> | null;
  /** Of the last seconds. */
  lately: Circumstances | null;
  testAccuracy: number | null;
}

export interface RunProgress {
  /** Takes an event in and returns a line to keep on the screen, or null. */
  take(event: RunEvent): string | null;
  /** Returns where the experiment stands, as one line. */
  line(): string;
  /** Returns the lines of a table of the runs that fits a terminal: those that are running first, then what fits of the others. */
  table(width: number, height: number): string[];
  /** Returns the measured speeds of the runs that trained. */
  speeds(): MeasuredSpeed[];
}

/** Returns the state of a running experiment, told by its events. `known` gives speeds measured before, for the ETA. */
export function runProgress(
  runs: readonly ExperimentRun[],
  setting: Pick<SpeedSetting, 'jobs' | 'threads'>,
  known: (config: RunConfig) => readonly Speed[],
): RunProgress {
  const states = new Map(
    runs.map((run): [string, RunState] => [
      run.id,
      {
        run,
        state: 'waiting',
        steps: 0,
        epoch: 0,
        imagesPerSecond: null,
        circumstances: null,
        lately: null,
        testAccuracy: null,
      },
    ]),
  );
  const measured = new Map<string, MeasuredSpeed>();
  let phase: string | null = null;

  /** Seconds that each run has left: by its own speed, else by those of this session's and earlier runs of its kind. */
  const timesLeft = (): Map<RunState, number | null> => {
    const now = new Map<string, Speed[]>();
    for (const { run, imagesPerSecond } of states.values()) {
      if (imagesPerSecond === null) continue;
      const speed = { batchSize: run.config.batchSize, imagesPerSecond };
      now.set(kind(run), [...(now.get(kind(run)) ?? []), speed]);
    }
    return new Map(
      [...states.values()].map((state): [RunState, number | null] => {
        const { run, steps, imagesPerSecond } = state;
        if (hasEnded(state)) return [state, 0];
        const perStep =
          imagesPerSecond === null
            ? secondsPerStep([...known(run.config), ...(now.get(kind(run)) ?? [])], run.config.batchSize)
            : run.config.batchSize / imagesPerSecond;
        return [state, perStep === null ? null : perStep * (totalSteps(run) - steps)];
      }),
    );
  };
  const summary = (times: ReadonlyMap<RunState, number | null>): string[] => {
    const all = [...states.values()];
    const failed = all.filter(({ state }) => state === 'failed').length;
    const left = [...times.values()].reduce<number | null>(
      (a, b) => (a === null || b === null ? null : a + b),
      0,
    );
    // The last run to end is left alone by the others.
    const longest = largestOf([...times.values()].map((time) => time ?? 0));
    return [
      `${all.filter(hasEnded).length}/${all.length} runs`,
      ...(failed > 0 ? [`${failed} failed`] : []),
      ...(left === null
        ? []
        : [`ETA ${duration(Math.max(longest, left / Math.min(setting.jobs, runs.length)))}`]),
      ...company(all, threadsOf(setting)),
    ];
  };

  return {
    take: (event) => {
      if (event.type === 'layer-skipped' || event.type === 'note') return event.message;
      phase = phaseText(event);
      return 'run' in event ? takeRunEvent(states.get(event.run)!, event, measured) : null;
    },
    line: () => {
      if (phase !== null) return phase;
      const [ended, ...others] = summary(timesLeft());
      const running = [...states.values()].filter(({ state }) => state === 'running').map(runningText);
      return [ended, ...running, ...others].join('  ');
    },
    table: (width, height) => {
      if (phase !== null) return [phase];
      const times = timesLeft();
      const rows = shownRows([...states.values()], Math.max(1, height - 4));
      const hidden = states.size - rows.length;
      return [
        ...formatTable(
          columns(
            times,
            rows.some(({ circumstances }) => circumstances !== null),
          ),
          rows,
          width,
        ).split('\n'),
        [...summary(times), ...(hidden > 0 ? [`${hidden} runs not shown`] : [])].join('  '),
      ];
    },
    speeds: () => [...measured.values()],
  };
}

function phaseText(event: RunEvent): string | null {
  if (event.type === 'engine') return event.message;
  if (event.type === 'truncate') return `evaluating with layers cut ${event.done}/${event.total}`;
  return event.type === 'analyze' ? `analyzing ${event.done}/${event.total}` : null;
}

function takeRunEvent(
  state: RunState,
  event: Extract<RunEvent, { run: string }>,
  measured: Map<string, MeasuredSpeed>,
): string | null {
  switch (event.type) {
    case 'run-skipped':
      state.state = event.state;
      state.epoch = event.epoch;
      state.testAccuracy = event.testAccuracy;
      return null;
    case 'run-started':
      state.state = 'running';
      state.epoch = event.resumedAt ?? 0;
      state.steps = state.epoch * stepsPerEpoch(state.run.config);
      return event.resumedAt === null ? null : `${event.run}: goes on after epoch ${event.resumedAt}`;
    case 'step':
      state.epoch = event.epoch;
      state.steps = (event.epoch - 1) * event.steps + event.step;
      state.imagesPerSecond = event.imagesPerSecond;
      state.circumstances = event.circumstances ?? state.circumstances;
      state.lately = event.lately ?? state.lately;
      return null;
    case 'epoch': {
      const { row } = event;
      state.epoch = row.epoch;
      state.steps = row.epoch * stepsPerEpoch(state.run.config);
      state.testAccuracy = row.test_accuracy;
      if (row.cpu_over_wall !== null) state.circumstances = row;
      if (row.images_per_second !== null && (row.train_time_s ?? 0) >= TELLING_SECONDS) {
        measured.set(state.run.id, {
          config: state.run.config,
          imagesPerSecond: row.images_per_second,
          circumstances: row,
        });
      }
      return null;
    }
    case 'run-finished':
      state.state = 'done';
      return finishedLine(state);
    case 'run-failed':
      state.state = 'failed';
      return `${event.run}: failed: ${event.error}`;
    case 'run-interrupted':
      state.state = 'interrupted';
      return `${event.run}: interrupted: ${event.error}`;
  }
}

/** Who else is at work on the machine, by the run that sees most of it. */
function company(states: readonly RunState[], threads: number | null): string[] {
  const [most] = states
    .flatMap(({ state, lately }) => (state === 'running' && lately !== null ? [lately] : []))
    .sort((a, b) => (b.other_cores ?? 0) - (a.other_cores ?? 0));
  const text = most === undefined ? null : companyText(most, threads);
  return text === null ? [] : [text];
}

/** Returns at most `most` runs in the order of the sweep, the running before the failed, those before the next to come. */
function shownRows(states: readonly RunState[], most: number): RunState[] {
  const order: RunState['state'][] = ['running', 'failed', 'interrupted', 'waiting', 'done'];
  const byUrgency = [...states].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const chosen = new Set(byUrgency.slice(0, most));
  return states.filter((state) => chosen.has(state));
}

const columns = (
  times: ReadonlyMap<RunState, number | null>,
  circumstances: boolean,
): readonly Column<RunState>[] => [
  { title: 'run', text: ({ run }) => run.id },
  { title: 'state', text: ({ state }) => state },
  { title: 'epoch', text: ({ epoch, run }) => `${epoch}/${run.config.epochs}`, align: 'right' },
  { title: 'test', text: ({ testAccuracy }) => fixed(testAccuracy, 4), align: 'right', dispensable: 2 },
  {
    title: 'img/s',
    text: ({ imagesPerSecond }) => (imagesPerSecond === null ? NO_VALUE : count(imagesPerSecond)),
    align: 'right',
    dispensable: 1,
  },
  ...(circumstances ? CIRCUMSTANCES_COLUMNS : []),
  {
    title: 'ETA',
    text: (state) => (hasEnded(state) || times.get(state) == null ? NO_VALUE : duration(times.get(state)!)),
    align: 'right',
  },
];

const CIRCUMSTANCES_COLUMNS: readonly Column<RunState>[] = (
  [
    ['CPU', ({ circumstances }) => fixed(circumstances?.cpu_over_wall ?? null, 2)],
    ['cores', ({ circumstances }) => fixed(circumstances?.cores_used ?? null, 0)],
    ['steal', ({ circumstances }) => fixed(circumstances?.steal_cores ?? null, 2)],
  ] satisfies [string, (state: RunState) => string][]
).map(([title, text]) => ({ title, text, align: 'right', dispensable: 3 }));

const hasEnded = ({ state }: RunState): boolean => state !== 'waiting' && state !== 'running';
const kind = ({ config }: ExperimentRun): string => JSON.stringify([config.network, config.dataset]);
const totalSteps = ({ config }: ExperimentRun): number => stepsPerEpoch(config) * config.epochs;

function runningText({ run, epoch, steps, imagesPerSecond, circumstances, testAccuracy }: RunState): string {
  const share = totalSteps(run) === 0 ? 1 : steps / totalSteps(run);
  return [
    `${run.id} epoch ${epoch}/${run.config.epochs} ${Math.floor(100 * share)} %`,
    ...(testAccuracy === null ? [] : [`test ${testAccuracy.toFixed(4)}`]),
    ...(imagesPerSecond === null
      ? []
      : [`${count(imagesPerSecond)} img/s${circumstancesText(circumstances)}`]),
  ].join(' ');
}

function finishedLine({ run, epoch, testAccuracy, imagesPerSecond, circumstances }: RunState): string {
  return [
    `${run.id}: done, epoch ${epoch}`,
    ...(testAccuracy === null ? [] : [`test ${testAccuracy.toFixed(4)}`]),
    ...(imagesPerSecond === null
      ? []
      : [`${count(imagesPerSecond)} img/s${circumstancesText(circumstances)}`]),
  ].join(', ');
}
