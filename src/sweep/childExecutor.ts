import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomicWrite.ts';
import { availableCores } from '../machine/cores.ts';
import { runLayout } from '../results/layout.ts';
import type { RunStatus } from '../results/runStatus.ts';
import type { ChildTask, FromChild, ToChild } from './childMessages.ts';
import type { RunEvent } from './runEvents.ts';

export interface ChildExecutorOptions {
  /** Processes side by side. */
  jobs: number;
  /** Start no further run after the first that fails. */
  failFast: boolean;
  /** When aborted, running children finish their step, write the checkpoint and end; no further run starts. */
  signal: AbortSignal;
  onEvent(event: RunEvent): void;
  /** Script that answers to `train-one`. */
  program: string;
}

/** What a child says on stdout and stderr (TensorFlow, a crash) is kept beside the run's log. */
const CHILD_OUTPUT = 'process.log';
const TAIL_BYTES = 400;

/**
 * Trains every task in a process of its own, at most `jobs` at a time in the order given, and returns how each that was started ended.
 * Where a task does not say how many threads it has, the jobs share the processors evenly.
 * A process that crashes, is killed or runs out of memory fails its own run and no other.
 */
export async function runInChildren(
  tasks: readonly ChildTask[],
  options: ChildExecutorOptions,
): Promise<Map<string, RunStatus>> {
  // Of jobs, not of what is left to train: another number of threads may sum in another order and give other bytes.
  const share = Math.max(1, Math.floor(availableCores() / options.jobs));
  const waiting = [...tasks];
  const ended = new Map<string, RunStatus>();
  let stop = false;
  const worker = async (): Promise<void> => {
    while (!stop && !options.signal.aborted) {
      const task = waiting.shift();
      if (task === undefined) return;
      const status = await runChild({ ...task, threads: task.threads ?? share }, options);
      ended.set(task.run, status);
      if (status.state === 'failed' && options.failFast) stop = true;
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.jobs, tasks.length) }, worker));
  return ended;
}

function runChild(task: ChildTask, { signal, onEvent, program }: ChildExecutorOptions): Promise<RunStatus> {
  mkdirSync(task.dir, { recursive: true });
  const output = openSync(join(task.dir, CHILD_OUTPUT), 'w');
  const child = fork(program, ['train-one'], { stdio: ['ignore', output, output, 'ipc'] });
  closeSync(output);
  const send = (message: ToChild): void => {
    if (child.connected) child.send(message);
  };
  const interrupt = (): void => send({ type: 'interrupt' });
  signal.addEventListener('abort', interrupt);
  let status: RunStatus | null = null;
  let told = false;
  child.on('message', (message: FromChild) => {
    if (message.type === 'ended') status = message.status;
    else {
      told ||= message.event.type === 'run-failed';
      onEvent(message.event);
    }
  });
  send({ type: 'task', task });
  if (signal.aborted) interrupt();
  return new Promise((resolve) => {
    const end = (how: string): void => {
      signal.removeEventListener('abort', interrupt);
      const final = status ?? markFailed(task, child, how);
      if (final.state === 'failed' && !told) {
        onEvent({ type: 'run-failed', run: task.run, error: final.error ?? 'no reason known' });
      }
      resolve(final);
    };
    child.on('error', (error) => end(`could not be started: ${error.message}`));
    child.on('exit', (code, killer) =>
      end(killer === null ? `ended with exit code ${code}` : `was ended by ${killer}`),
    );
  });
}

/** Writes the status that a process could no longer write itself. What it had saved stays: the run can be tried again from there. */
function markFailed(task: ChildTask, child: ChildProcess, how: string): RunStatus {
  const files = runLayout(task.dir);
  const now = new Date().toISOString();
  const reason = how.includes('SIGKILL') ? `${how} (out of memory?)` : how;
  const said = tail(join(task.dir, CHILD_OUTPUT));
  const stored: RunStatus | null = existsSync(files.status)
    ? (JSON.parse(readFileSync(files.status, 'utf8')) as RunStatus)
    : null;
  const status: RunStatus = {
    epoch: 0,
    images_per_second: null,
    started_at: now,
    stopped_early: false,
    ...stored,
    epochs: task.config.epochs,
    pid: child.pid ?? 0,
    host: hostname(),
    state: 'failed',
    updated_at: now,
    finished_at: now,
    error: `its process ${reason}${said === '' ? '' : `: ${said}`}`,
  };
  // Without a config the folder would not be known as a run's.
  if (!existsSync(files.config)) writeFileAtomic(files.config, `${JSON.stringify(task.config, null, 2)}\n`);
  writeFileAtomic(files.status, `${JSON.stringify(status, null, 2)}\n`);
  return status;
}

function tail(path: string): string {
  return readFileSync(path).subarray(-TAIL_BYTES).toString('utf8').trim().split('\n').at(-1) ?? '';
}
