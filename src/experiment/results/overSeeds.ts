import type { JoinedRow } from './joinRows.ts';
import { type ConfiguredRun, differingSettings, settingText } from './runSettings.ts';

/** What runs are called that differ by seed alone and have nothing else in their ids. */
const ALL_RUNS = 'all seeds';

/**
 * Returns for each run id the name of its group: runs that differ by seed alone share it. It is the id without the seed; a run without
 * a config is a group of its own.
 */
export function seedGroups(runs: readonly ConfiguredRun[]): Map<string, string> {
  const settings = differingSettings(runs);
  const names = new Map<string, string>();
  const taken = new Set<string>();
  return new Map(
    runs.map(({ id, config }) => {
      const key = config === null ? `run ${id}` : settingText(settings.get(id)!);
      if (!names.has(key)) {
        const name = config === null ? id : withoutSeed(id);
        // Two settings of one name (ids given by hand) stay apart.
        names.set(key, taken.has(name) ? id : name);
        taken.add(names.get(key)!);
      }
      return [id, names.get(key)!];
    }),
  );
}

function withoutSeed(id: string): string {
  const parts = id.split('_').filter((part) => !/^(.*\/)?(init)?[sS]eed=\d+$/.test(part));
  return parts.length === 0 ? ALL_RUNS : parts.join('_');
}

/** A mean, its standard deviation (n - 1), and of how many values. */
export interface Spread {
  mean: number;
  /** Null for a single value. */
  sd: number | null;
  count: number;
}

/** Returns the spread of the values that are there; null for none. */
export function spread(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  const mean = known.reduce((sum, value) => sum + value / known.length, 0);
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const sd = known.length < 2 ? null : Math.sqrt(squares / (known.length - 1));
  return { mean, sd, count: known.length };
}

/** A row of means over seeds: `<column>_sd` is the standard deviation of a column, `seeds` the number of runs. */
export type MeanRow = JoinedRow & { seeds: number };

/**
 * Returns one row a group, layer and epoch, in the order in which they first come: its `run` is the group, its numbers are means over the
 * rows that have them. Texts and flags are those on which all agree, null otherwise.
 */
export function meanOverSeeds(rows: readonly JoinedRow[], groups: ReadonlyMap<string, string>): MeanRow[] {
  const together = new Map<string, JoinedRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([groups.get(row.run ?? '') ?? row.run, row.layer, row.epoch]);
    const members = together.get(key);
    if (members === undefined) together.set(key, [row]);
    else members.push(row);
  }
  return [...together.values()].map((members) => meanRow(members, groups));
}

/** What says where a row stands: the same in all, or not a number to be averaged. */
const PLACE: ReadonlySet<string> = new Set(['run', 'layer', 'epoch', 'N', 'M', 'Q', 'batch_size', 'seed']);

function meanRow(members: readonly JoinedRow[], groups: ReadonlyMap<string, string>): MeanRow {
  const [first] = members as [JoinedRow];
  const row: Record<string, string | number | boolean | null> = { ...first };
  const columns = new Set(members.flatMap((member) => Object.keys(member)));
  for (const column of columns) {
    if (PLACE.has(column)) continue;
    const values = members.map((member) => member[column] ?? null);
    if (values.some((value) => typeof value === 'number')) {
      const { mean, sd } = spread(values.map((value) => (typeof value === 'number' ? value : null)))!;
      row[column] = mean;
      row[`${column}_sd`] = sd;
    } else {
      row[column] = values.every((value) => value === values[0]) ? values[0]! : null;
    }
  }
  const group = groups.get(first.run ?? '') ?? first.run;
  const seed = members.length === 1 ? first.seed : null;
  return { ...row, run: group, seed, seeds: members.length } as unknown as MeanRow;
}
