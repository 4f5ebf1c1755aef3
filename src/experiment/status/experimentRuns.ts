import { existsSync, readdirSync } from 'node:fs';
import type { RunConfig } from '../config/schema.ts';
import type { ResultsLayout } from '../results/layout.ts';
import { loadExperiment } from '../sweep/loadExperiment.ts';

/** Returns the runs of a folder's experiment.yaml, in its order, and with null those that only have a folder under runs/. */
export function experimentRuns(layout: ResultsLayout): Map<string, RunConfig | null> {
  const runs = new Map<string, RunConfig | null>();
  if (existsSync(layout.experiment)) {
    for (const { id, config } of loadExperiment(layout.experiment, { out: layout.dir }).runs)
      runs.set(id, config);
  }
  if (existsSync(layout.runs)) {
    for (const entry of readdirSync(layout.runs, { withFileTypes: true })) {
      if (entry.isDirectory() && !runs.has(entry.name)) runs.set(entry.name, null);
    }
  }
  return runs;
}
