import { largestOf, smallestOf } from '../../base/extremes.ts';
import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { differingSettings } from '../../experiment/results/runSettings.ts';

/** Settings without which accuracies, gaps and spectra are of different things. */
const MUST_AGREE = /^(network|dataset|loss|randomLabels)(\..*)?$/;

interface ComparedRun {
  id: string;
  config: Readonly<Record<string, unknown>> | null;
  status: { state: string } | null;
}

/** Returns warnings of runs that do not belong together: other tasks, other lengths, unfinished ones. */
export function strangers(runs: readonly ComparedRun[], rows: readonly JoinedRow[], vary: string): string[] {
  const compared = runs.filter(({ id }) => rows.some((row) => row.run === id));
  const settings = differingSettings(compared, [vary]);
  const values = new Map<string, Map<string, number>>();
  for (const setting of settings.values()) {
    for (const [key, value] of Object.entries(setting)) {
      if (!MUST_AGREE.test(key)) continue;
      const counts = values.get(key) ?? new Map<string, number>();
      counts.set(value, (counts.get(value) ?? 0) + 1);
      values.set(key, counts);
    }
  }
  const warnings = [...values].map(
    ([key, counts]) =>
      `runs of different ${key} are compared: ${[...counts].map(([value, count]) => `${value} (${count})`).join(', ')}`,
  );
  const epochs = new Set(rows.map((row) => row.epoch ?? 0));
  if (epochs.size > 1) {
    warnings.push(
      `runs are compared at different epochs, from ${smallestOf(epochs)} to ${largestOf(epochs)}: gap and spectra change as training goes on`,
    );
  }
  const unfinished = compared.filter(({ status }) => status !== null && status.state !== 'done');
  if (unfinished.length > 0) {
    warnings.push(
      `not finished: ${unfinished.map(({ id, status }) => `${id} (${status!.state})`).join(', ')}`,
    );
  }
  const unknown = compared.filter(({ config }) => config === null);
  if (unknown.length > 0 && unknown.length < compared.length) {
    warnings.push(`nothing is known of the settings of ${unknown.map(({ id }) => id).join(', ')}`);
  }
  return warnings;
}
