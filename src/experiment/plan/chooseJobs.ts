import { availableCores } from '../../base/machine/cores.ts';
import { availableMemory } from '../../base/machine/memory.ts';
import type { RunConfig } from '../config/schema.ts';
import { makespan, secondsOfSteps } from './estimate.ts';
import { stepsPerEpoch } from './planRuns.ts';
import type { Speed } from './stepTime.ts';

/** How many runs go side by side, and the threads of each. */
export interface JobsChoice {
  jobs: number;
  threads: number;
}

/** A run, and the epochs that are left of it. */
export interface RunLeft {
  config: RunConfig;
  epochs: number;
}

/** What a training process of an ordinary network takes at most, TensorFlow, data and a large batch's activations together. */
const PROCESS_BYTES = 2e9;
/** Fewer processes are worth a little: they need less memory and each run ends sooner. */
const WORTH_MORE_JOBS = 1.05;
/** What it takes to start the process of a run, load the engine and read the data. */
const START_SECONDS = 2;

/** Returns the ways to share the machine that are worth considering: 1, 2, 4 ... jobs and as many as cores, within runs and memory, of which a run takes `leastBytes` or more. */
export function candidateChoices(
  runs: number,
  cores = availableCores(),
  memoryBytes = availableMemory(),
  leastBytes = 0,
): JobsChoice[] {
  const most = Math.max(
    1,
    Math.min(runs, cores, Math.floor(memoryBytes / Math.max(PROCESS_BYTES, leastBytes))),
  );
  const jobs = [most];
  for (let power = 1; power < most; power *= 2) jobs.push(power);
  return jobs.sort((a, b) => a - b).map((count) => ({ jobs: count, threads: Math.floor(cores / count) }));
}

/**
 * Returns the way to share the machine with which all runs are trained first, the longest started first; more jobs only where they
 * gain more than a little. `speedsOf` gives the speeds that are known of a run under a choice; where there are none, the arithmetic
 * of its network stands in.
 */
export function chooseJobs(
  runs: readonly RunLeft[],
  candidates: readonly JobsChoice[],
  speedsOf: (choice: JobsChoice, config: RunConfig) => readonly Speed[],
): JobsChoice {
  const open = runs.filter(({ epochs }) => epochs > 0);
  const timed = candidates.map((choice) => {
    const start = choice.jobs === 1 ? 0 : START_SECONDS;
    const seconds = open.map(
      ({ config, epochs }) =>
        start +
        secondsOfSteps(config, epochs * stepsPerEpoch(config), speedsOf(choice, config), choice.threads),
    );
    return { choice, seconds: makespan(seconds, choice.jobs) };
  });
  return timed.reduce((best, next) => (next.seconds * WORTH_MORE_JOBS < best.seconds ? next : best)).choice;
}
