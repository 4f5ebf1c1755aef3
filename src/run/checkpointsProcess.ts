import { lowered } from './lowPriority.ts';
import { SideProcess } from './sideProcess.ts';

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

/** The process that analyzes the checkpoints of a training elsewhere while that goes on, at the lowest priority. */
export class CheckpointsProcess {
  private readonly process: SideProcess<{ lines: string[] }>;
  private stopped = false;

  constructor({ checkpoints, out, epochFrom, program, onLines, onEnd }: CheckpointsProcessOptions) {
    const words = [...process.execArgv, program, 'analyze-checkpoints-live', checkpoints, out];
    if (epochFrom !== null) words.push('--epoch-from', epochFrom);
    this.process = new SideProcess([...lowered(), process.execPath, ...words], {
      onMessage: ({ lines }) => onLines(lines),
      onEnd: (how, lastWords) => {
        if (this.stopped) return;
        if (how instanceof Error) onEnd(how.message);
        else onEnd(`${typeof how === 'number' ? `exit code ${how}` : how}: ${lastWords}`);
      },
    });
  }

  /** Ends the process; what is not analyzed yet is left. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.process.stop();
  }
}
