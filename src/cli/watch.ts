import { existsSync, rmSync, statSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { temporaryFolder } from '../base/files/temporaryFolder.ts';
import { UserError } from '../base/userError.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { CheckpointsProcess } from '../run/checkpointsProcess.ts';
import type { FromPageServer } from '../run/pageServerProcess.ts';
import { ResultsFeed } from '../view/live/resultsFeed.ts';
import { servePage } from '../view/live/servePage.ts';
import { interruptSignal } from './interrupt.ts';
import { wholeNumber } from './optionValues.ts';
import { createOutput, type Output, type OutputFlags } from './output.ts';
import { leaveTerminalToParent, whenParentGoes } from './parent.ts';
import { PROGRAM } from './program.ts';

interface WatchArgs extends OutputFlags {
  dir: string;
  port: number;
  out: string | undefined;
  epochFrom: string | undefined;
}

const FIRST_PORT = 8137;
/** Below the training, above the analysis that waits for idle cores. */
const NICENESS = 10;

/** `watch DIR`: the page of a results folder, or of checkpoints of a training elsewhere, which moves while that goes on. */
export const watchCommand: CommandModule<object, WatchArgs> = {
  builder: (parser) =>
    parser
      .positional('dir', {
        type: 'string',
        demandOption: true,
        describe:
          'results folder, which may be still to come, or folder into which any program writes checkpoints',
      })
      .options({
        port: {
          default: FIRST_PORT,
          requiresArg: true,
          coerce: wholeNumber('--port', 0),
          describe: 'port on this machine, the next where it is taken',
        },
        out: {
          type: 'string',
          requiresArg: true,
          describe: 'of checkpoints: results folder that keeps their spectra',
        },
        'epoch-from': {
          type: 'string',
          requiresArg: true,
          describe: "of checkpoints: where run and epoch stand in the names, as 'net_{epoch}.pt'",
        },
      })
      .example('$0 watch results/quick', 'open the address that it prints; Ctrl-C ends')
      .example(
        '$0 watch checkpoints --out results/mine',
        'a training of PyTorch, Keras or JAX',
      ) as unknown as Argv<WatchArgs>,
  handler: async (args) => {
    // One that is not there yet may come; a file never becomes a folder.
    if (statSync(args.dir, { throwIfNoEntry: false })?.isDirectory() === false) {
      throw new UserError(`what is watched must be a folder, got the file ${args.dir}`);
    }
    const output = createOutput(args);
    const end = new AbortController();
    setPriority(NICENESS);
    // `run --watch` starts this as its child: Ctrl-C is its own to deal with, and it lets go when the runs have ended.
    const ofRun = process.send !== undefined;
    whenParentGoes(() => end.abort());
    if (ofRun) leaveTerminalToParent();
    const interrupt = ofRun ? null : interruptSignal(() => end.abort());
    const { feed, stop } = holdsCheckpoints(args)
      ? checkpointsFeed(args, output)
      : { feed: new ResultsFeed(args.dir), stop: async () => {} };
    try {
      await servePage(feed, {
        port: args.port,
        signal: end.signal,
        onListening: (url) => {
          output.document({ dir: args.dir, url });
          output.print(`Watching ${args.dir} at ${url} (Ctrl-C ends)`);
          process.send?.({ url } satisfies FromPageServer);
        },
      });
    } finally {
      interrupt?.release();
      await stop();
    }
    // Ctrl-C is how it is meant to end.
    process.exitCode = 0;
    if (ofRun) process.exit();
  },
};

/** A folder that is there and has nothing of a results folder in it, or that is said to be one of checkpoints. */
function holdsCheckpoints({ dir, out, epochFrom }: WatchArgs): boolean {
  const { experiment, runs, spectra } = resultsLayout(dir);
  if ([experiment, runs, spectra].some((path) => existsSync(path))) return false;
  return existsSync(dir) || out !== undefined || epochFrom !== undefined;
}

/** Has the checkpoints of a folder analyzed as they come, and returns what is to be shown of them. */
function checkpointsFeed(
  { dir, out, epochFrom }: WatchArgs,
  output: Output,
): { feed: ResultsFeed; stop(): Promise<void> } {
  const temporary = out === undefined ? temporaryFolder('watch') : null;
  // The page is called after the folder.
  const results = out ?? join(temporary!, basename(resolve(dir)));
  let told: readonly string[] = ['looking'];
  const analysis = new CheckpointsProcess({
    checkpoints: dir,
    out: results,
    epochFrom: epochFrom ?? null,
    program: PROGRAM,
    onLines: (lines) => {
      told = lines;
    },
    onEnd: (reason) => {
      told = [`The analysis has ended: ${reason}`];
      output.note(told[0]!);
    },
  });
  return {
    feed: new ResultsFeed(results, () => told),
    stop: async () => {
      await analysis.stop();
      if (temporary !== null) rmSync(temporary, { recursive: true, force: true });
    },
  };
}
