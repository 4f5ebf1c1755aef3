import { fork } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';
import type { RunConfig } from '../config/schema.ts';
import type { FromMeasuringChild, ToMeasuringChild } from './childMessages.ts';

/** How many runs go side by side, and the threads of each. */
export interface JobsChoice {
  jobs: number;
  threads: number;
}

export interface MeasuredChoice extends JobsChoice {
  /** Of all jobs together. */
  images_per_second: number;
}

/** What a training process takes at most, TensorFlow, data and a large batch's activations together. */
const PROCESS_BYTES = 2e9;
/** Fewer processes are worth a little: they need less memory and each run ends sooner. */
const WORTH_MORE_JOBS = 1.05;

/** Returns the ways to share the machine that are worth trying: 1, 2, 4 ... jobs and as many as processors, within runs and memory. */
export function candidateChoices(
  runs: number,
  processors = availableParallelism(),
  memoryBytes = totalmem(),
): JobsChoice[] {
  const most = Math.max(1, Math.min(runs, processors, Math.floor(memoryBytes / PROCESS_BYTES)));
  const jobs = [most];
  for (let power = 1; power < most; power *= 2) jobs.push(power);
  return jobs
    .sort((a, b) => a - b)
    .map((count) => ({ jobs: count, threads: Math.floor(processors / count) }));
}

/** Returns the way that trains the most images a second; more jobs only where they gain more than a little. */
export function bestChoice(measured: readonly MeasuredChoice[]): MeasuredChoice {
  return measured.reduce((best, next) =>
    next.images_per_second > best.images_per_second * WORTH_MORE_JOBS ? next : best,
  );
}

/**
 * Returns the images per second that as many processes as `jobs` train together, each with its threads. They are built and warmed up
 * first, and then timed at once. `program` is the script that answers to `measure-one`.
 */
export async function measureChoice(
  { jobs, threads }: JobsChoice,
  config: RunConfig,
  device: string | null,
  program: string,
): Promise<MeasuredChoice> {
  const children = Array.from({ length: jobs }, () =>
    startChild(program, { type: 'measure', config, threads, device }),
  );
  try {
    await Promise.all(children.map((child) => child.next()));
    for (const child of children) child.send({ type: 'go' });
    const speeds = await Promise.all(children.map((child) => child.next()));
    return { jobs, threads, images_per_second: speeds.reduce((a, b) => a + b, 0) };
  } finally {
    for (const child of children) child.end();
  }
}

interface MeasuringChild {
  send(message: ToMeasuringChild): void;
  /** Returns what the child says next: 0 when it is ready, then its images per second. */
  next(): Promise<number>;
  end(): void;
}

function startChild(program: string, task: ToMeasuringChild): MeasuringChild {
  const child = fork(program, ['measure-one'], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let said = '';
  child.stderr!.on('data', (chunk) => {
    said += chunk;
  });
  child.send(task);
  return {
    send: (message) => {
      child.send(message);
    },
    next: () =>
      new Promise((resolve, reject) => {
        const ended = (): void => reject(new Error(`a measuring process ended early: ${said.trim()}`));
        child.once('exit', ended);
        child.once('message', (message: FromMeasuringChild) => {
          child.off('exit', ended);
          resolve(message.type === 'ready' ? 0 : message.imagesPerSecond);
        });
      }),
    end: () => {
      child.kill('SIGKILL');
    },
  };
}
