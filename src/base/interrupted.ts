import { constants } from 'node:os';

/** What an interrupted command is aborted with, and what a long computation throws that Ctrl-C or SIGTERM has ended. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  /** As shells count: 130 after Ctrl-C, 143 after SIGTERM. */
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}
