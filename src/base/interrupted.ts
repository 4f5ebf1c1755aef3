import { constants } from 'node:os';

/** Ctrl-C, what a scheduler sends, and the end of the terminal. */
export type InterruptSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** What an interrupted command is aborted with, and what a long computation throws that a signal has ended. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** As shells count: 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP. */
  readonly exitCode: number;

  constructor(signal: InterruptSignal) {
    super(`interrupted by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}
