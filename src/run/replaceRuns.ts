import { existsSync, rmSync } from 'node:fs';
import { readSpectraCsv, writeSpectraCsv } from '../experiment/results/csvFiles.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { lockResults } from '../experiment/status/resultsLock.ts';
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
  const release = await lockResults(layout.dir, { onWait });
  try {
    const replaced = inTheWay();
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
    release();
  }
}
