import { setPriority } from 'node:os';
import type { Argv, CommandModule } from 'yargs';
import type { FromPageServer } from '../run/pageServerProcess.ts';
import { ResultsFeed } from '../view/live/resultsFeed.ts';
import { servePage } from '../view/live/servePage.ts';
import { interruptSignal } from './interrupt.ts';
import { wholeNumber } from './optionValues.ts';
import { createOutput, type OutputFlags } from './output.ts';

interface WatchArgs extends OutputFlags {
  dir: string;
  port: number;
}

const FIRST_PORT = 8137;
/** Below the training, above the analysis that waits for idle cores. */
const NICENESS = 10;

/** `watch DIR`: the page of a results folder, which moves while its runs train. */
export const watchCommand: CommandModule<object, WatchArgs> = {
  builder: (parser) =>
    parser
      .positional('dir', {
        type: 'string',
        demandOption: true,
        describe: 'results folder; it may be still to come',
      })
      .options({
        port: {
          default: FIRST_PORT,
          requiresArg: true,
          coerce: wholeNumber('--port', 0),
          describe: 'port on this machine, the next where it is taken',
        },
      })
      .example(
        '$0 watch results/quick',
        'open the address that it prints; Ctrl-C ends',
      ) as unknown as Argv<WatchArgs>,
  handler: async (args) => {
    const output = createOutput(args);
    const end = new AbortController();
    setPriority(NICENESS);
    // `run --watch` starts this as its child: Ctrl-C is its own to deal with, and it lets go when the runs have ended.
    const ofRun = process.send !== undefined;
    process.on('disconnect', () => end.abort());
    if (ofRun) process.on('SIGINT', () => {});
    const interrupt = ofRun ? null : interruptSignal(() => end.abort());
    try {
      await servePage(new ResultsFeed(args.dir), {
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
    }
    // Ctrl-C is how it is meant to end.
    process.exitCode = 0;
    if (ofRun) process.exit();
  },
};
