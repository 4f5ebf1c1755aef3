import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import { makeFolder } from '../base/files/makeFolder.ts';
import { openRandomAccess } from '../base/files/randomAccessFile.ts';
import { availableCores } from '../base/machine/cores.ts';
import { type RunLayout, runLayout } from '../experiment/results/layout.ts';
import { newStatus, type RunStatus, writeStatus } from '../experiment/results/runStatus.ts';
import type { RunEvent } from '../experiment/status/runEvents.ts';
import { readStoredRun } from '../experiment/status/runFolder.ts';
import type { ChildTask, FromChild, ToChild } from './childMessages.ts';

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
/** Signals that a process brings upon itself: the next attempt would end in the same way. */
const CRASHES: ReadonlySet<NodeJS.Signals> = new Set([
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGSEGV',
  'SIGSYS',
  'SIGTRAP',
]);

/**
 * Trains every task in a process of its own, at most `jobs` at a time in the order given, and returns how each that was started ended.
 * Where a task does not say how many threads it has, the jobs share the processors evenly.
 * A process that crashes fails its own run and no other; one that is killed leaves it interrupted.
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

async function runChild(
  task: ChildTask,
  { signal, onEvent, program }: ChildExecutorOptions,
): Promise<RunStatus> {
  let status: RunStatus | null = null;
  let told = false;
  const how = await processEnd(task, program, signal, (message) => {
    if (message.type === 'ended') status = message.status;
    else {
      told ||= message.event.type === 'run-failed';
      onEvent(message.event);
    }
  });
  const ended = status ?? markEnded(task, how);
  const error = ended.error ?? 'its process was told to end';
  if (ended.state === 'failed' && !told) onEvent({ type: 'run-failed', run: task.run, error });
  if (ended.state === 'interrupted' && !signal.aborted)
    onEvent({ type: 'run-interrupted', run: task.run, error });
  return ended;
}

/** How a process ended. */
interface ProcessEnd {
  pid: number;
  /** Ended from outside: nothing speaks against going on. */
  terminated: boolean;
  reason: string;
}

/** Starts the process of a task and returns how it ended, after `onMessage` has had all that it said. */
function processEnd(
  task: ChildTask,
  program: string,
  signal: AbortSignal,
  onMessage: (message: FromChild) => void,
): Promise<ProcessEnd> {
  let child: ChildProcess;
  try {
    child = start(task, program);
  } catch (error) {
    return Promise.resolve(notStarted(error as Error));
  }
  const send = (message: ToChild): void => {
    // A process that is gone hears nothing; its exit tells.
    if (child.connected) child.send(message, () => {});
  };
  const interrupt = (): void => send({ type: 'interrupt' });
  signal.addEventListener('abort', interrupt);
  child.on('message', onMessage);
  send({ type: 'task', task });
  if (signal.aborted) interrupt();
  return new Promise<ProcessEnd>((resolve) => {
    child.on('error', (error) => {
      if (child.pid === undefined) resolve(notStarted(error));
    });
    child.on('exit', (code, killer) => {
      const reason = killer === null ? `ended with exit code ${code}` : `was ended by ${killer}`;
      resolve({
        pid: child.pid!,
        terminated: killer !== null && !CRASHES.has(killer),
        reason: killer === 'SIGKILL' ? `${reason} (out of memory?)` : reason,
      });
    });
  }).finally(() => signal.removeEventListener('abort', interrupt));
}

function start(task: ChildTask, program: string): ChildProcess {
  makeFolder(task.dir);
  const output = openSync(join(task.dir, CHILD_OUTPUT), 'w');
  try {
    return fork(program, ['train-one'], { stdio: ['ignore', output, output, 'ipc'] });
  } finally {
    closeSync(output);
  }
}

const notStarted = (error: Error): ProcessEnd => ({
  pid: 0,
  terminated: false,
  reason: `could not be started: ${error.message}`,
});

/**
 * Writes the status that a process could no longer write itself. One that was ended from outside left its run interrupted, one that crashed
 * left it failed. What it had saved stays: the run goes on from there.
 */
function markEnded(task: ChildTask, { pid, terminated, reason }: ProcessEnd): RunStatus {
  const files = runLayout(task.dir);
  const said = tail(join(task.dir, CHILD_OUTPUT));
  const now = new Date().toISOString();
  const status: RunStatus = {
    ...newStatus(task.config.epochs),
    ...storedStatus(files),
    epochs: task.config.epochs,
    pid,
    host: hostname(),
    state: terminated ? 'interrupted' : 'failed',
    updated_at: now,
    finished_at: now,
    error: `its process ${reason}${said === '' ? '' : `: ${said}`}`,
  };
  try {
    // Without a config the folder would not be known as a run's.
    if (!existsSync(files.config)) {
      writeFileAtomic(files.config, `${JSON.stringify(task.config, null, 2)}\n`);
    }
    writeStatus(files.status, status);
  } catch {
    // A full disk: told by the event.
  }
  return status;
}

function storedStatus(files: RunLayout): RunStatus | null {
  try {
    return readStoredRun(files)?.status ?? null;
  } catch {
    return null;
  }
}

function tail(path: string): string {
  try {
    const file = openRandomAccess(path);
    try {
      const length = Math.min(TAIL_BYTES, file.size);
      const text = Buffer.from(file.read(file.size - length, length, 'end')).toString('utf8');
      return text.trim().split('\n').at(-1) ?? '';
    } finally {
      file.close();
    }
  } catch {
    return '';
  }
}
