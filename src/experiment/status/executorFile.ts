import { existsSync } from 'node:fs';
import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { readJson } from '../../base/files/readFile.ts';
import { UserError } from '../../base/userError.ts';
import type { JobsChoice } from '../plan/chooseJobs.ts';
import type { ResultsLayout } from '../results/layout.ts';
import { readProvenance } from '../results/provenance.ts';
import type { ExperimentRun } from '../sweep/loadExperiment.ts';

/** The contents of executor.json: how the runs of a results folder are trained, so that a later command trains them alike. */
export interface StoredChoice extends JobsChoice {
  /** The cores there were. */
  processors: number;
  decided_by: 'option' | 'remembered speeds' | 'rule';
}

/**
 * Returns how the runs of a results folder are trained by what stands in executor.json, or by the provenance of a run that has
 * begun; null where nothing has been decided. The threads are what the bytes hang on.
 */
export function storedChoice(
  layout: ResultsLayout,
  runs: readonly ExperimentRun[],
): (Omit<StoredChoice, 'processors'> & { processors: number | null }) | null {
  if (existsSync(layout.executor)) return readChoice(layout.executor);
  for (const { id } of runs) {
    const session = readProvenance(layout.run(id))?.sessions.at(-1);
    if (session !== undefined) {
      // Without a number TensorFlow takes all cores, which is what a single job does.
      return { jobs: 1, threads: session.threads ?? session.cores, processors: null, decided_by: 'rule' };
    }
  }
  return null;
}

function readChoice(path: string): StoredChoice {
  const choice = readJson(path) as StoredChoice | null;
  for (const key of ['jobs', 'threads', 'processors'] as const) {
    const value: unknown = choice?.[key];
    if (!Number.isInteger(value) || (value as number) < 1) {
      throw new UserError(
        `${path}: ${key} must be a positive whole number, got ${JSON.stringify(value)}`,
        'remove the file, or give --jobs',
      );
    }
  }
  return choice!;
}

/** Writes executor.json. */
export function storeChoice(layout: ResultsLayout, choice: StoredChoice): void {
  writeFileAtomic(layout.executor, `${JSON.stringify(choice, null, 2)}\n`);
}
