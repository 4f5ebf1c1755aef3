import { fork } from 'node:child_process';
import type { ProofAnswer, ProofTask } from './proofTask.ts';

const TAIL_CHARACTERS = 400;

export interface AskOptions {
  /** Script that answers to `prove-one`. */
  program: string;
  /** On top of this process's environment. */
  env?: Readonly<Record<string, string>>;
  /** When aborted it is too late: what is not done has failed. */
  late?: AbortSignal | undefined;
  signal: AbortSignal;
}

/** Why something was not done when it was too late. */
export const OUT_OF_TIME = 'the ten minutes were over';

/** Returns what ends a part of the proof: the end of the command, or that it is too late. */
export const endOf = ({ signal, late }: Pick<AskOptions, 'signal' | 'late'>): AbortSignal =>
  AbortSignal.any(late === undefined ? [signal] : [signal, late]);

/** What a process of the proof answered, and why it ended before it was done; null where it did not. */
export interface Answered {
  answers: ProofAnswer[];
  failure: string | null;
}

/** Returns what a new process makes of a task. One that crashes, or is not done in time, has failed at its task and at no other. */
export function askProcess(task: ProofTask, { program, env, late, signal }: AskOptions): Promise<Answered> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = fork(program, ['prove-one'], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
      env: { ...process.env, ...env },
      signal: endOf({ signal, late }),
      killSignal: 'SIGKILL',
    });
    const answers: ProofAnswer[] = [];
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-TAIL_CHARACTERS);
    });
    child.on('message', (answer: ProofAnswer) => answers.push(answer));
    child.on('error', (error) => {
      said ||= error.message;
    });
    child.on('close', (code, killer) => {
      if (signal.aborted) return reject(signal.reason);
      if (late?.aborted) return resolve({ answers, failure: OUT_OF_TIME });
      const how = killer === null ? `ended with exit code ${code}` : `was ended by ${killer}`;
      const why = said.trim().split('\n').slice(-2).join(' ');
      resolve({ answers, failure: code === 0 ? null : `its process ${how}${why === '' ? '' : `: ${why}`}` });
    });
    child.send(task);
  });
}
