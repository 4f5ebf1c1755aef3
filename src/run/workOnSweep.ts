import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import { availableCores } from '../base/machine/cores.ts';
import { UserError } from '../base/userError.ts';
import { type ResultsLayout, resultsLayout } from '../experiment/results/layout.ts';
import { storeChoice, storedChoice } from '../experiment/status/executorFile.ts';
import { claimRun, lockResultsInTurn } from '../experiment/status/resultsLock.ts';
import type { RunEvent, RunSummary } from '../experiment/status/runEvents.ts';
import { readStoredRun } from '../experiment/status/runFolder.ts';
import { type Experiment, loadExperiment } from '../experiment/sweep/loadExperiment.ts';
import { ensureEngine } from '../train/engine/install/ensureEngine.ts';
import { whileAnalyzing } from './analyzerProcess.ts';
import { runInChildren } from './childExecutor.ts';
import {
  addMissingLayers,
  type Finished,
  finishResults,
  isReported,
  NOTHING_FINISHED,
} from './finishResults.ts';
import { longestFirst } from './longestFirst.ts';
import { type PlannedRun, planExperiment, sourceOf, summarize } from './runExperiment.ts';

export interface WorkOptions {
  /** The config of the sweep, where the folder may not have been planned yet; null: it must have been. */
  plan: Experiment | null;
  /** Threads of a run; null: as the sweep was begun, or all cores. */
  threads: number | null;
  device: string | null;
  /** Script of this program. */
  program: string;
  /** When aborted, the run at hand finishes its step and writes its checkpoint. */
  signal: AbortSignal;
  onEvent(event: RunEvent): void;
  /** How often it is looked whether a worker has died, in ms. */
  pollMs?: number;
}

/** What was finished is nothing where runs are left; where another worker has finished it, the report alone. */
export interface WorkOutcome extends Finished {
  experiment: Experiment;
  runs: RunSummary[];
}

const POLL_MS = 5000;

/**
 * Trains runs of a planned sweep that no other worker holds, one at a time, until all are finished; the worker that comes first then
 * analyzes and writes the report. Runs of workers that have died are taken over. Throws UserError where the folder holds no sweep, or
 * another one.
 */
export async function workOnSweep(dir: string, options: WorkOptions): Promise<WorkOutcome> {
  const { signal, onEvent, program } = options;
  const layout = resultsLayout(dir);
  const { experiment, threads } = await plannedSweep(layout, options);
  await ensureEngine({ onMessage: (message) => onEvent({ type: 'engine', message }), signal });
  const trained = new Set<string>();
  await whileAnalyzing(dir, program, onEvent, (hear) =>
    trainOpenRuns(experiment, layout, { ...options, threads, onEvent: hear }, trained),
  );
  const planned = planExperiment(experiment, layout, false);
  const runs = planned.map((one) => summarize(one, trained.has(one.run.id)));
  const open = planned.some(({ task }) => !task.startsWith('skip'));
  if (signal.aborted || open) return { experiment, runs, ...NOTHING_FINISHED };
  return { experiment, runs, ...(await finish(experiment, layout, { ...options, threads })) };
}

/** Returns the sweep of the folder, and the threads that every worker gives a run: other numbers may give other bytes. */
async function plannedSweep(
  layout: ResultsLayout,
  { plan, threads, signal, onEvent }: WorkOptions,
): Promise<{ experiment: Experiment; threads: number }> {
  if (plan === null && !existsSync(layout.experiment)) {
    throw new UserError(
      `results folder must hold a planned sweep, got ${layout.dir}`,
      'Plan it with --config CONFIG, which every worker may give.',
    );
  }
  const release = await lockResultsInTurn(layout.dir, {
    signal,
    onWait: (message) => onEvent({ type: 'note', message }),
  });
  try {
    if (plan !== null) {
      planExperiment(plan, layout, false);
      if (!existsSync(layout.experiment)) writeFileAtomic(layout.experiment, plan.resolvedYaml);
    }
    const stored = loadExperiment(layout.experiment, { out: layout.dir });
    if (plan !== null) refuseOther(plan, stored, layout);
    const choice = storedChoice(layout, stored.runs);
    const cores = availableCores();
    if (choice === null) {
      const decided_by = threads === null ? 'rule' : 'option';
      storeChoice(layout, { jobs: 1, threads: threads ?? cores, processors: cores, decided_by });
    }
    const experiment =
      plan === null ? stored : { ...stored, configPath: plan.configPath, overrides: plan.overrides };
    return { experiment, threads: threads ?? choice?.threads ?? cores };
  } finally {
    release();
  }
}

function refuseOther(plan: Experiment, stored: Experiment, layout: ResultsLayout): void {
  if (plan.resolvedYaml === stored.resolvedYaml) return;
  throw new UserError(
    `${layout.experiment} must be of the config that is given, got another sweep`,
    'Choose another folder, or leave --config out.',
  );
}

/** Trains what nobody holds until nothing is left that can be; `trained` gets the runs. */
async function trainOpenRuns(
  experiment: Experiment,
  layout: ResultsLayout,
  options: WorkOptions & { threads: number },
  trained: Set<string>,
): Promise<void> {
  const { signal, onEvent, program, threads, device, pollMs = POLL_MS } = options;
  /** Runs that were ended from outside while this worker had them, and how far they were: they are not tried over and over. */
  const ended = new Map<string, number>();
  let waits = false;
  while (!signal.aborted) {
    const open = planExperiment(experiment, layout, false).filter(({ task }) => !task.startsWith('skip'));
    const candidates = open.filter((one) => ended.get(one.run.id) !== epochOf(one));
    if (candidates.length === 0) return;
    const claimed = await claimFirst(longestFirst(candidates, { jobs: 1, threads, device }));
    if (claimed === null) {
      if (!waits) {
        const message = `waiting: other workers train the ${candidates.length} runs that are left`;
        onEvent({ type: 'note', message });
      }
      waits = true;
      await sleep(pollMs, undefined, { signal }).catch(() => {});
      continue;
    }
    waits = false;
    const { run, files } = claimed.planned;
    try {
      // Another worker may have finished it since the plan was made.
      const [now] = planExperiment({ ...experiment, runs: [run] }, layout, false);
      if (now!.task.startsWith('skip')) continue;
      trained.add(run.id);
      const source = sourceOf(experiment);
      const task = {
        run: run.id,
        dir: files.dir,
        config: run.config,
        source,
        threads,
        device,
        gpuMemory: null,
      };
      const how = await runInChildren([task], { jobs: 1, failFast: false, signal, program, onEvent });
      const status = how.get(run.id);
      if (status?.state === 'interrupted') ended.set(run.id, status.epoch);
    } finally {
      claimed.release();
    }
  }
}

const epochOf = ({ files }: PlannedRun): number => readStoredRun(files)?.status?.epoch ?? 0;

/** Returns the first of the runs that no other worker holds, held now by this one, and how it is let go; null where all are held. */
async function claimFirst(
  runs: readonly PlannedRun[],
): Promise<{ planned: PlannedRun; release: () => void } | null> {
  for (const planned of runs) {
    const release = await claimRun(planned.files.dir);
    if (release !== null) return { planned, release };
  }
  return null;
}

/** Does what follows the training, unless another worker has. */
async function finish(
  experiment: Experiment,
  layout: ResultsLayout,
  options: WorkOptions & { threads: number },
): Promise<Finished> {
  const { signal, onEvent } = options;
  const release = await lockResultsInTurn(layout.dir, {
    signal,
    onWait: (message) => onEvent({ type: 'note', message }),
  });
  try {
    addMissingLayers(experiment, layout, onEvent);
    if (isReported(experiment, layout)) return { ...NOTHING_FINISHED, report: layout.report };
    return await finishResults(experiment, layout, options);
  } finally {
    release();
  }
}
