import { fork } from 'node:child_process';
import type { ProofAnswer, ProofTask } from './proofTask.ts';

const TAIL_CHARACTERS = 400;

export interface AskOptions {
  /** Script that answers to `prove-one`. */
  program: string;
  /** On top of this process's environment. */
  env?: Readonly<Record<string, string>>;
  /** When it is ended if it is not done (ms since 1970). Default: never. */
  end?: number;
  signal: AbortSignal;
}

/** Why something was not done by the moment that ends it. */
export const OUT_OF_TIME = 'the ten minutes were over';

/** What a process of the proof answered, and why it ended before it was done; null where it did not. */
export interface Answered {
  answers: ProofAnswer[];
  failure: string | null;
}

/** Returns what a new process makes of a task. One that crashes, or is not done in time, has failed at its task and at no other. */
export function askProcess(task: ProofTask, { program, env, end, signal }: AskOptions): Promise<Answered> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = fork(program, ['prove-one'], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
      env: { ...process.env, ...env },
    });
    const answers: ProofAnswer[] = [];
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-TAIL_CHARACTERS);
    });
    const stop = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', stop);
    let late = false;
    const giveUp = (): void => {
      late = true;
      stop();
    };
    const timer = end === undefined ? undefined : setTimeout(giveUp, Math.max(0, end - Date.now()));
    child.on('message', (answer: ProofAnswer) => answers.push(answer));
    child.on('error', (error) => {
      said ||= error.message;
    });
    child.on('close', (code, killer) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      if (signal.aborted) return reject(signal.reason);
      if (late) return resolve({ answers, failure: OUT_OF_TIME });
      const how = killer === null ? `ended with exit code ${code}` : `was ended by ${killer}`;
      const why = said.trim().split('\n').slice(-2).join(' ');
      resolve({ answers, failure: code === 0 ? null : `its process ${how}${why === '' ? '' : `: ${why}`}` });
    });
    child.send(task);
  });
}
