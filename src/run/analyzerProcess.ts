import { type ChildProcess, spawn } from 'node:child_process';
import type { RunEvent } from '../experiment/status/runEvents.ts';
import type { FromAnalyzer, ToAnalyzer } from './analyzerMessages.ts';
import { lowered } from './lowPriority.ts';
import { tailOf } from './sideProcess.ts';

/** How long the snapshot at hand may take when the training has ended; the analysis that follows does it at full speed. */
const PATIENCE_MS = 1000;

/** Trains, with an ear that has the snapshots of the runs analyzed as they come; returns what the training does. */
export async function whileAnalyzing<T>(
  dir: string,
  program: string,
  onEvent: (event: RunEvent) => void,
  train: (hear: (event: RunEvent) => void) => Promise<T>,
): Promise<T> {
  const analyzer = new AnalyzerProcess(dir, program, onEvent);
  try {
    return await train((event) => {
      onEvent(event);
      if (event.type === 'epoch' || event.type === 'run-started') analyzer.take(event.run);
    });
  } finally {
    await analyzer.stop();
  }
}

/**
 * The process that analyzes snapshots while runs train. It is started with the first of them, at the lowest priority that this machine
 * has, and again with the next one where it was killed. No failure of it is one of the training.
 */
export class AnalyzerProcess {
  private child: ChildProcess | null = null;
  private ended: Promise<void> = Promise.resolve();
  private analyzed = false;
  /** False once it ended before it had analyzed anything: the next one would as well. */
  private useful = true;

  constructor(
    private readonly dir: string,
    private readonly program: string,
    private readonly onEvent: (event: RunEvent) => void,
  ) {}

  /** Has the new snapshots of a run analyzed. */
  take(run: string): void {
    if (this.child === null && this.useful) this.start();
    this.send({ type: 'snapshots', run });
  }

  /** Ends the process when it is done with the snapshot at hand, or after `patience` ms; what is lost is analyzed again. */
  async stop(patience = PATIENCE_MS): Promise<void> {
    this.send({ type: 'stop' });
    this.useful = false;
    // Beside busy cores it may still be starting.
    const late = setTimeout(() => this.child?.kill('SIGKILL'), this.analyzed ? patience : 0);
    await this.ended;
    clearTimeout(late);
  }

  private send(message: ToAnalyzer): void {
    if (this.child?.connected === true) this.child.send(message, () => {});
  }

  private start(): void {
    const words = [process.execPath, ...process.execArgv, this.program, 'analyze-live', this.dir];
    const [command, ...rest] = [...lowered(), ...words];
    const child = spawn(command!, rest, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.child = child;
    this.analyzed = false;
    const lastWords = tailOf(child.stderr!);
    child.on('message', (message: FromAnalyzer) => {
      this.analyzed ||= message.type === 'analyzed';
      this.hear(message);
    });
    this.ended = new Promise((resolve) => {
      const end = (reason: string | null): void => {
        this.child = null;
        if (reason !== null && this.useful && !this.analyzed) {
          this.useful = false;
          this.onEvent({
            type: 'note',
            message: `no spectra while the runs train: their analysis ${reason}`,
          });
        }
        resolve();
      };
      child.on('error', (error) => end(`could not be started: ${error.message}`));
      child.on('close', (code, killer) => {
        const last = lastWords().split('\n').at(-1) ?? '';
        const how = killer === null ? `ended with exit code ${code}` : `was ended by ${killer}`;
        end(code === 0 ? null : `${how}${last === '' ? '' : `: ${last}`}`);
      });
    });
  }

  private hear(message: FromAnalyzer): void {
    if (message.type !== 'failed') return;
    const { run, reason } = message;
    this.onEvent({
      type: 'note',
      message: `spectra of run ${run} come when the training has ended: ${reason}`,
    });
  }
}
