import { type ChildProcess, spawn } from 'node:child_process';
import { lowered } from './lowPriority.ts';

export interface CheckpointsProcessOptions {
  checkpoints: string;
  /** The results folder that is kept up to date. */
  out: string;
  epochFrom: string | null;
  /** Script of this program. */
  program: string;
  /** Hears how the folder stands. */
  onLines(lines: readonly string[]): void;
  /** Hears that the process has ended by itself, and its last words. */
  onEnd(reason: string): void;
}

const PATIENCE_MS = 3000;
const TAIL_CHARACTERS = 400;

/** The process that analyzes the checkpoints of a training elsewhere while that goes on, at the lowest priority. */
export class CheckpointsProcess {
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private stopped = false;

  constructor({ checkpoints, out, epochFrom, program, onLines, onEnd }: CheckpointsProcessOptions) {
    const words = [
      process.execPath,
      ...process.execArgv,
      program,
      'analyze-checkpoints-live',
      checkpoints,
      out,
    ];
    if (epochFrom !== null) words.push('--epoch-from', epochFrom);
    const [command, ...rest] = [...lowered(), ...words];
    this.child = spawn(command!, rest, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let said = '';
    this.child.stderr!.on('data', (text: Buffer) => {
      said = `${said}${text}`.slice(-TAIL_CHARACTERS);
    });
    this.child.on('message', ({ lines }: { lines: string[] }) => onLines(lines));
    this.ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        if (!this.stopped) onEnd(reason);
        resolve();
      };
      this.child.on('error', (error) => end(error.message));
      // Not `close`: it does not come where this side has disconnected.
      this.child.on('exit', (code, signal) => end(`${signal ?? `exit code ${code}`}: ${said.trim()}`));
    });
  }

  /** Ends the process; what is not analyzed yet is left. */
  async stop(): Promise<void> {
    this.stopped = true;
    if (this.child.connected) this.child.disconnect();
    const late = setTimeout(() => this.child.kill('SIGKILL'), PATIENCE_MS);
    await this.ended;
    clearTimeout(late);
  }
}
