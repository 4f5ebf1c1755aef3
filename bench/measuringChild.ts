import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import {
  type Circumstances,
  type Counters,
  circumstancesBetween,
  readCounters,
} from '../src/base/machine/circumstances.ts';
import { UserError } from '../src/base/userError.ts';
import type { Measurement } from './measurement.ts';

/** How a child that measures is started. */
export interface ChildCommand {
  /** Named in errors. */
  name: string;
  command: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
}

export interface MeasurementBesideOthers extends Measurement {
  circumstances: Circumstances;
}

/** The parent's half of a measurement (see serveMeasurements): one process, asked again and again. */
export class MeasuringChild<Facts extends object> {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly answers: AsyncIterator<string>;
  private said = '';

  constructor(private readonly started: ChildCommand) {
    this.process = spawn(started.command, started.args, { env: { ...process.env, ...started.env } });
    this.process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.said = (this.said + text).slice(-2000);
    });
    this.process.on('error', (error) => {
      this.said = error.message;
    });
    // A child that has died is noticed where its answer is missing.
    this.process.stdin.on('error', () => {});
    this.answers = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  /** Waits until the child is set up and returns what it says of itself. */
  async ready(): Promise<Facts> {
    return (await this.answer()) as Facts;
  }

  /** Lets the child work for about `seconds`. What the bench itself and its other children do meanwhile is no company. */
  async measure(seconds: number): Promise<MeasurementBesideOthers> {
    const read = (): Counters => readCounters({ pid: this.process.pid, commandPid: process.pid });
    const before = read();
    this.process.stdin.write(`${seconds}\n`);
    const measurement = (await this.answer()) as Measurement;
    const circumstances = circumstancesBetween(before, read());
    return {
      ...measurement,
      // The child knows its processor time to the microsecond, /proc only to the hundredth of a second.
      circumstances: { ...circumstances, cpu_over_wall: measurement.cpu_s / measurement.wall_s },
    };
  }

  close(): void {
    this.process.stdin.end();
  }

  private async answer(): Promise<unknown> {
    const { value, done } = await this.answers.next();
    if (done === true) {
      await new Promise((resolve) => {
        if (this.process.exitCode !== null || this.process.pid === undefined) resolve(null);
        else this.process.once('close', resolve);
      });
      throw new UserError(`${this.started.name} must measure, but ended: ${this.said.trim()}`);
    }
    return JSON.parse(value);
  }
}
