import type { Argv, CommandModule } from 'yargs';
import { LiveAnalysis } from '../analyze/liveAnalysis.ts';
import { Interrupted } from '../base/interrupted.ts';
import { UserError } from '../base/userError.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { loadExperiment } from '../experiment/sweep/loadExperiment.ts';
import type { FromAnalyzer, ToAnalyzer } from '../run/analyzerMessages.ts';
import { availableLinearAlgebra } from '../train/engine/availableLinearAlgebra.ts';
import { whenParentGoes } from './parent.ts';

/** `analyze-live DIR`: analyzes the snapshots that the parent process tells of, until that says stop or is gone. For its use only. */
export const analyzeLiveCommand: CommandModule<object, { dir: string }> = {
  builder: (parser) =>
    parser.positional('dir', { type: 'string', demandOption: true }) as unknown as Argv<{ dir: string }>,
  handler: async ({ dir }) => {
    if (process.send === undefined) {
      throw new UserError('analyze-live must be started by phasewatch itself', 'Use phasewatch analyze DIR.');
    }
    const tell = (message: FromAnalyzer): void => {
      if (process.connected) process.send!(message);
    };
    const end = new AbortController();
    const stop = (): void => end.abort();
    // The terminal sends Ctrl-C, and its end, to every process of the command.
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    process.on('SIGHUP', stop);
    whenParentGoes(stop);
    const waiting = new Set<string>();
    let wake = (): void => {};
    process.on('message', (message: ToAnalyzer) => {
      if (message.type === 'stop') stop();
      else waiting.add(message.run);
      wake();
    });
    end.signal.addEventListener('abort', () => wake());

    const layout = resultsLayout(dir);
    const { runs, analysis } = loadExperiment(layout.experiment, { out: dir });
    const live = new LiveAnalysis(layout, {
      order: runs.map(({ id }) => id),
      analysis,
      // One core at most: the runs that train have the others.
      algebra: availableLinearAlgebra(1),
      signal: end.signal,
    });
    const doubtful = new Set<string>();
    while (!end.signal.aborted) {
      const [run] = waiting;
      if (run === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      waiting.delete(run);
      if (doubtful.has(run)) continue;
      try {
        await live.update(run);
        tell({ type: 'analyzed', run });
      } catch (error) {
        if (end.signal.aborted || error instanceof Interrupted) break;
        doubtful.add(run);
        tell({ type: 'failed', run, reason: (error as Error).message });
      }
    }
    process.exit(0);
  },
};
