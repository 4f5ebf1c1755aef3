import { existsSync, rmSync } from 'node:fs';
import { UserError } from '../base/userError.ts';
import { readSpectraCsv, writeSpectraCsv } from '../experiment/results/csvFiles.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { claimRun, lockResults, lockRun } from '../experiment/status/resultsLock.ts';
import { runConflict } from '../experiment/status/runFolder.ts';
import type { Experiment } from '../experiment/sweep/loadExperiment.ts';

/**
 * Removes the runs of a results folder that stand in the way of those of the experiment, with their spectra, and returns their ids. Runs
 * that serve stay. Throws UserError while the folder is in use.
 */
export async function replaceRuns(
  experiment: Experiment,
  onWait: (message: string) => void,
): Promise<string[]> {
  const layout = resultsLayout(experiment.outDir);
  const inTheWay = (): string[] =>
    experiment.runs.flatMap(({ id, config }) =>
      runConflict(id, layout.run(id), config) === null ? [] : [id],
    );
  if (inTheWay().length === 0) return [];
  const releases = [await lockResults(layout.dir, { onWait })];
  try {
    const replaced = inTheWay();
    // Workers have the folder to themselves for a moment at a time, and a run as long as it trains.
    for (const id of replaced) {
      for (const release of await takeRun(layout.run(id).dir)) releases.push(release);
    }
    // The rows first: a spectrum without its run is told as damage, a run without spectra is analyzed.
    if (existsSync(layout.spectra)) {
      const rows = readSpectraCsv(layout.spectra);
      writeSpectraCsv(
        layout.spectra,
        rows.filter(({ run }) => run === null || !replaced.includes(run)),
      );
    }
    for (const id of replaced) {
      for (const path of [layout.esd(id), layout.truncated(id), layout.run(id).dir]) {
        rmSync(path, { recursive: true, force: true });
      }
    }
    return replaced;
  } finally {
    for (const release of releases.reverse()) release();
  }
}

/** Returns what gives a run free again, of the worker's claim and of the lock of the process that trains. */
async function takeRun(dir: string): Promise<(() => void)[]> {
  const inUse = (): UserError =>
    new UserError(`run must not be in use to be replaced, got ${dir}: a process trains it`);
  const claim = await claimRun(dir);
  if (claim === null) throw inUse();
  try {
    const lock = await lockRun(dir, {
      onWait: () => {
        throw inUse();
      },
    });
    return [claim, lock];
  } catch (error) {
    claim();
    throw error;
  }
}
