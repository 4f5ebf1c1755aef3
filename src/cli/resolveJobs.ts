import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { writeFileAtomic } from '../files/atomicWrite.ts';
import { readJson } from '../files/readFile.ts';
import { resultsLayout } from '../results/layout.ts';
import { bestChoice, candidateChoices, type JobsChoice, measureChoice } from '../sweep/chooseJobs.ts';
import type { Experiment } from '../sweep/loadExperiment.ts';
import { stepsPerEpoch } from '../sweep/planRuns.ts';
import { trainedEpochs } from '../sweep/runFolder.ts';
import type { SpeedSetting } from '../sweep/speedCache.ts';
import { count } from './numberText.ts';
import type { Output } from './output.ts';
import { PROGRAM } from './program.ts';
import type { RunArgs } from './runOptions.ts';

/** The contents of executor.json: what was chosen for a results folder, on a machine of so many processors. */
interface StoredChoice extends JobsChoice {
  processors: number;
}

/**
 * Returns how many runs go side by side and with how many threads. What `--jobs auto` chooses is kept in the results folder:
 * another number of threads may sum in another order, and a run that goes on must end with the bytes it would have had.
 */
export async function resolveJobs(
  experiment: Experiment,
  args: RunArgs,
  output: Output,
): Promise<SpeedSetting> {
  const { jobs } = args;
  const threads = args.threads ?? null;
  const device = args.device ?? null;
  if (jobs !== 'auto') return { jobs, threads, device };
  const processors = availableParallelism();
  if (threads !== null) return { jobs: Math.max(1, Math.floor(processors / threads)), threads, device };

  const layout = resultsLayout(experiment.outDir);
  const stored = readChoice(layout.executor);
  if (stored?.processors === processors) return setting(stored, device);
  const open = experiment.runs.filter((run) => trainedEpochs(layout, run) < run.config.epochs);
  if (args['dry-run'] || open.length < 2) return { jobs: 1, threads, device };

  const { ensureEngine } = await import('../engine/ensureEngine.ts');
  await ensureEngine({ onMessage: output.note });
  const cost = ({ config }: (typeof open)[number]): number => stepsPerEpoch(config) * config.epochs;
  const longest = open.reduce((a, b) => (cost(b) > cost(a) ? b : a));
  const measured = [];
  for (const choice of candidateChoices(experiment.runs.length)) {
    const one = await measureChoice(choice, longest.config, device, PROGRAM);
    output.note(
      `${jobsText(one)}: ${count(one.images_per_second)} img/s at batch size ${longest.config.batchSize}`,
    );
    measured.push(one);
  }
  const best: StoredChoice = { ...bestChoice(measured), processors };
  writeFileAtomic(layout.executor, `${JSON.stringify({ ...best, measured }, null, 2)}\n`);
  return setting(best, device);
}

/** A single job trains in this process, with the threads that the engine takes by itself. */
function setting({ jobs, threads }: JobsChoice, device: string | null): SpeedSetting {
  return { jobs, threads: jobs === 1 ? null : threads, device };
}

function readChoice(path: string): StoredChoice | null {
  return existsSync(path) ? (readJson(path) as StoredChoice) : null;
}

function jobsText({ jobs, threads }: JobsChoice): string {
  return `${jobs} ${jobs === 1 ? 'job' : 'jobs'} x ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}
