import { machineCores } from '../base/machine/cores.ts';
import { availableMemory } from '../base/machine/memory.ts';
import { candidateChoices, chooseJobs, type JobsChoice } from '../experiment/plan/chooseJobs.ts';
import { likelySpeeds, type SpeedSetting } from '../experiment/plan/speedCache.ts';
import { memoryTogether } from '../experiment/plan/trainingMemory.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { type StoredChoice, storedChoice } from '../experiment/status/executorFile.ts';
import { trainedEpochs } from '../experiment/status/runFolder.ts';
import type { Experiment } from '../experiment/sweep/loadExperiment.ts';
import { locateEngine } from '../train/engine/locateEngine.ts';
import type { RunArgs } from './runOptions.ts';

/** How the runs of a sweep are trained. */
export interface ResolvedJobs {
  setting: SpeedSetting;
  /** What executor.json is to hold. */
  choice: StoredChoice;
  /** Why these jobs, for the user; null where they were asked for or there is one run. */
  remark: string | null;
}

/**
 * Returns how many runs go side by side and with how many threads: as asked for, as decided for the results folder before, by the
 * remembered speeds, or by a rule. Nothing is measured and nothing written.
 */
export function resolveJobs(
  experiment: Experiment,
  args: Pick<RunArgs, 'jobs' | 'threads' | 'device' | 'executor'>,
  { allowed, available: cores } = machineCores(),
): ResolvedJobs {
  const device = args.device ?? null;
  const runs = experiment.runs.length;
  const resolved = (
    { jobs, threads }: { jobs: number; threads: number | null },
    decided_by: StoredChoice['decided_by'],
    remark: string | null = null,
  ): ResolvedJobs => ({
    setting: { jobs, threads, device },
    choice: {
      jobs,
      // What the engine takes by itself, in one process, or the share of each.
      threads: threads ?? (jobs === 1 ? allowed : Math.max(1, Math.floor(cores / jobs))),
      processors: cores,
      decided_by,
    },
    remark: remark === null ? null : `${jobsText(jobs, threads ?? allowed)}: ${remark}`,
  });

  /** A single job trains in this process, with the threads that the engine takes by itself where those are as many. */
  const ofProcess = ({ jobs, threads }: JobsChoice): { jobs: number; threads: number | null } => ({
    jobs,
    threads: jobs === 1 && threads === allowed ? null : threads,
  });

  const asked = args.executor === 'slurm' ? (args.jobs ?? 1) : args.jobs;
  if (typeof asked === 'number') return resolved({ jobs: asked, threads: args.threads ?? null }, 'option');
  const leastBytes = memoryTogether(
    experiment.runs.map(({ config }) => config),
    1,
  ).host;
  const choices = candidateChoices(runs, cores, availableMemory(), leastBytes);
  const most = choices.at(-1)!.jobs;
  const fitting = (threads: number): number => Math.max(1, Math.min(most, Math.floor(cores / threads)));
  if (args.threads !== undefined) {
    const { threads } = args;
    return resolved({ jobs: fitting(threads), threads }, 'option');
  }
  if (runs === 1) return resolved({ jobs: 1, threads: null }, 'rule');

  const layout = resultsLayout(experiment.outDir);
  const stored = storedChoice(layout, experiment.runs);
  if (stored !== null) {
    const { threads, processors } = stored;
    const jobs = processors === cores ? stored.jobs : fitting(threads);
    return resolved(ofProcess({ jobs, threads }), stored.decided_by, 'as these results were begun');
  }
  if (device !== 'cpu' && locateEngine()?.manifest.variant === 'cuda') {
    return resolved({ jobs: 1, threads: null }, 'rule', 'one GPU');
  }
  const left = experiment.runs.map((run) => ({
    config: run.config,
    epochs: run.config.epochs - trainedEpochs(layout, run),
  }));
  const speedsOf = (choice: JobsChoice) => likelySpeeds({ ...ofProcess(choice), device });
  const candidates = choices.map((choice) => ({ choice, speeds: speedsOf(choice) }));
  const choice = chooseJobs(
    left,
    candidates.map((candidate) => candidate.choice),
    (wanted, config) => candidates.find((candidate) => candidate.choice === wanted)!.speeds(config),
  );
  const remembered = left.every(({ config }) => candidates[0]!.speeds(config).length > 0);
  return remembered
    ? resolved(ofProcess(choice), 'remembered speeds', 'by the speeds remembered of this machine')
    : resolved(ofProcess(choice), 'rule', 'by the arithmetic of the networks, no speeds are remembered');
}

function jobsText(jobs: number, threads: number): string {
  const each = `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return jobs === 1 ? `one run at a time, ${each}` : `${jobs} runs at a time, ${each} each`;
}
