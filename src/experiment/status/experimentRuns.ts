import { existsSync, readdirSync } from 'node:fs';
import type { RunConfig } from '../config/schema.ts';
import { type OnDamage, readOrElse, refuseDamage } from '../results/damage.ts';
import type { ResultsLayout } from '../results/layout.ts';
import { loadExperiment } from '../sweep/loadExperiment.ts';

/**
 * Returns the runs of a folder's experiment.yaml, in its order, and with null those that only have a folder under runs/: all of them, where
 * the file cannot be read and `onDamage` goes on.
 */
export function experimentRuns(
  layout: ResultsLayout,
  onDamage: OnDamage = refuseDamage,
): Map<string, RunConfig | null> {
  const read = () =>
    existsSync(layout.experiment) ? loadExperiment(layout.experiment, { out: layout.dir }).runs : [];
  const runs = new Map<string, RunConfig | null>(
    readOrElse(layout.experiment, read, [], onDamage).map(({ id, config }) => [id, config]),
  );
  if (existsSync(layout.runs)) {
    for (const entry of readdirSync(layout.runs, { withFileTypes: true })) {
      if (entry.isDirectory() && !runs.has(entry.name)) runs.set(entry.name, null);
    }
  }
  return runs;
}
