import { largestOf } from '../../base/extremes.ts';
import { UserError } from '../../base/userError.ts';
import { type JoinedRow, joinRows, lastEpochRows } from '../../experiment/results/joinRows.ts';
import { fittedAccuracy } from '../../experiment/results/metricsRow.ts';
import { seedGroups } from '../../experiment/results/overSeeds.ts';
import { readResults } from '../../experiment/results/readResults.ts';
import { differingSettings, settingKeys, settingText } from '../../experiment/results/runSettings.ts';
import { atTrainAccuracy } from './equalFit.ts';
import { strangers } from './strangers.ts';

export interface ComparedRuns {
  /** One row a run and layer, at the run's last analyzed epoch or where its training accuracy passes the bound. */
  rows: JoinedRow[];
  /** Every analyzed epoch of every run. */
  epochs: JoinedRow[];
  /** Runs that never reach the bound. */
  leftOut: string[];
  /** What speaks against comparing these runs. */
  warnings: string[];
  /** The groups of runs that differ by seed alone. */
  seedGroups: ReadonlyMap<string, string>;
  /** The settings a run shares with the runs it is compared with: all that differ but the varied one and the seed. */
  groupOf(row: JoinedRow): string;
}

/** What the group of runs is called that differ in nothing but the varied setting. */
const ONE_GROUP = 'all alike';

/**
 * Returns the last epoch of every analyzed run of the folders or, with `trainAccuracy`, where it first passes that; `vary` is the
 * dotted key that differs within a group. Runs of several folders are named `folder/run`. Throws UserError for a folder given twice, a
 * key no config has, and where nothing is analyzed or reaches that accuracy.
 */
export function readRuns(
  dirs: readonly string[],
  vary: string,
  trainAccuracy: number | null = null,
): ComparedRuns {
  const results = dirs.map((dir) => readResults(dir));
  const twice = dirs.find((dir, i) => dirs.indexOf(dir) !== i);
  if (twice !== undefined) throw new UserError(`results folders must differ, got ${twice} twice`);
  const named = results.map(({ runs, spectra }, i) => {
    const rename = (run: string): string => (dirs.length === 1 ? run : `${dirs[i]}/${run}`);
    return {
      runs: runs.map((run) => ({ ...run, id: rename(run.id) })),
      spectra: spectra.filter((row) => row.run !== null).map((row) => ({ ...row, run: rename(row.run!) })),
    };
  });
  const runs = named.flatMap((part) => part.runs);
  const joined = joinRows(
    named.flatMap((part) => part.spectra),
    runs,
  );
  if (joined.length === 0) {
    throw new UserError(
      `results folders must hold analyzed runs, got none in ${dirs.join(', ')}`,
      `phasewatch analyze ${dirs[0]}`,
    );
  }
  const { rows, leftOut } =
    trainAccuracy === null
      ? { rows: lastEpochRows(joined), leftOut: [] }
      : atTrainAccuracy(joined, trainAccuracy);
  if (rows.length === 0) {
    const most = largestOf(joined.map((row) => fittedAccuracy(row) ?? 0));
    throw new UserError(
      `--train-accuracy must be reached by some run, got ${trainAccuracy} where the highest is ${most}`,
    );
  }
  const keys = settingKeys(runs);
  if (keys.length > 0 && !keys.includes(vary)) {
    throw new UserError(`unknown config key: ${vary} (known: ${keys.join(', ')})`);
  }
  const settings = differingSettings(runs, [vary]);
  return {
    rows,
    epochs: joined,
    leftOut,
    // Epochs are chosen to differ where runs are taken at one training accuracy.
    warnings: strangers(
      runs,
      trainAccuracy === null ? rows : rows.map((row) => ({ ...row, epoch: null })),
      vary,
    ),
    seedGroups: seedGroups(runs),
    groupOf: (row) => settingText(settings.get(row.run ?? '') ?? {}) || ONE_GROUP,
  };
}
