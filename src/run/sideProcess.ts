import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

const PATIENCE_MS = 3000;
const TAIL_CHARACTERS = 400;

export interface SideProcessOptions<Message> {
  onMessage(message: Message): void;
  /** Hears that the process has ended: its exit code or the signal, an error where it never began; and its last words. */
  onEnd(how: number | NodeJS.Signals | Error, lastWords: string): void;
  /** How long what is at hand may take when it is stopped, in ms. */
  patience?: number;
}

/** A process of this program beside another one, which ends when that one lets go of it. */
export class SideProcess<Message> {
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private readonly patience: number;

  constructor(
    words: readonly string[],
    { onMessage, onEnd, patience = PATIENCE_MS }: SideProcessOptions<Message>,
  ) {
    this.patience = patience;
    const [command, ...rest] = words;
    this.child = spawn(command!, rest, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const lastWords = tailOf(this.child.stderr!);
    this.child.on('message', onMessage);
    this.ended = new Promise((resolve) => {
      const end = (how: number | NodeJS.Signals | Error): void => {
        onEnd(how, lastWords());
        resolve();
      };
      this.child.on('error', end);
      // Not `close`: it does not come where this side has disconnected.
      this.child.on('exit', (code, signal) => end(signal ?? code!));
    });
  }

  /** Ends the process, once it is done with what is at hand, or by force where that takes too long. */
  async stop(): Promise<void> {
    if (this.child.connected) this.child.disconnect();
    const late = setTimeout(() => this.child.kill('SIGKILL'), this.patience);
    await this.ended;
    clearTimeout(late);
  }
}

/** Returns what gives the last words that a stream has brought so far. */
export function tailOf(stream: Readable): () => string {
  let said = '';
  stream.on('data', (text: Buffer) => {
    said = `${said}${text}`.slice(-TAIL_CHARACTERS);
  });
  return () => said.trim();
}
