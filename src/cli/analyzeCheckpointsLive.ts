import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Argv, CommandModule } from 'yargs';
import { CheckpointWatch, type Look } from '../analyze/checkpointWatch.ts';
import { Interrupted } from '../base/interrupted.ts';
import { UserError } from '../base/userError.ts';
import { analysisSchema } from '../experiment/config/schema.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { availableLinearAlgebra } from '../train/engine/availableLinearAlgebra.ts';
import { leaveTerminalToParent, whenParentGoes } from './parent.ts';

interface LiveArgs {
  checkpoints: string;
  out: string;
  epochFrom: string | undefined;
}

/** Long enough that a file which is the same twice is not just being written slowly. */
const INTERVAL_MS = 2000;

/** `analyze-checkpoints-live CHECKPOINTS OUT`: follows a folder of checkpoints until the parent process is gone. For `watch` only. */
export const analyzeCheckpointsLiveCommand: CommandModule<object, LiveArgs> = {
  builder: (parser) =>
    parser
      .positional('checkpoints', { type: 'string', demandOption: true })
      .positional('out', { type: 'string', demandOption: true })
      .option('epoch-from', { type: 'string', requiresArg: true }) as unknown as Argv<LiveArgs>,
  handler: async ({ checkpoints, out, epochFrom }) => {
    if (process.send === undefined) {
      throw new UserError(
        'analyze-checkpoints-live must be started by phasewatch itself',
        'Use phasewatch watch CHECKPOINTS.',
      );
    }
    const end = new AbortController();
    leaveTerminalToParent();
    process.on('SIGTERM', () => end.abort());
    whenParentGoes(() => end.abort());
    const watch = new CheckpointWatch(checkpoints, resultsLayout(out), {
      analysis: analysisSchema.parse({}),
      algebra: availableLinearAlgebra(1),
      epochFrom: epochFrom ?? null,
      signal: end.signal,
    });
    while (!end.signal.aborted) {
      try {
        const look = await watch.look();
        if (process.connected) process.send({ lines: linesOf(look) });
      } catch (error) {
        if (!(error instanceof Interrupted) && !end.signal.aborted) throw error;
      }
      await sleep(INTERVAL_MS, undefined, { signal: end.signal }).catch(() => {});
    }
    process.exit(0);
  },
};

/** Returns what the page says of a folder: a line a run, and what is not whole yet. */
function linesOf({ checkpoints, growing, problem }: Look): string[] {
  const runs = new Map<string, number[]>();
  for (const { run, epoch } of checkpoints) runs.set(run, [...(runs.get(run) ?? []), epoch]);
  return [
    ...[...runs].map(
      ([run, epochs]) =>
        `${run}: ${epochs.length} ${epochs.length === 1 ? 'checkpoint' : 'checkpoints'}, the last of epoch ${epochs.at(-1)}`,
    ),
    ...growing.map((path) => `${basename(path)}: not whole yet`),
    ...(problem === null ? [] : [problem]),
  ];
}
