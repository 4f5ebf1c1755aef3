import { largestOf } from '../base/extremes.ts';
import { spread } from '../experiment/results/overSeeds.ts';
import type { Results, RunResults } from '../experiment/results/readResults.ts';
import { differingSettings, settingText } from '../experiment/results/runSettings.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import { authorsList, authorsNumber, authorsRows } from './authors.ts';
import type { Check } from './experimentFile.ts';
import { type Measured, measureAt, spectrumAt } from './measures.ts';
import { allowedDifference, isWithin } from './tolerance.ts';

/** A row of reproduction.csv: a number of the paper beside the one found here. */
export interface ReproducedNumber {
  experiment: string;
  number: string;
  authors: number | string | null;
  /** What others found who repeated the paper. */
  third_party: number | string | null;
  here: number | string | null;
  /** Standard deviation over the runs (of a sample); null for one run, and for what is no mean. */
  here_sd: number | null;
  /** Here minus the authors'. */
  difference: number | null;
  /** Largest difference that counts as the same: reading error and spread between runs. */
  tolerance: number | null;
  /** Null where there is nothing to judge by. */
  within: boolean | null;
  /** Runs (or draws) that `here` is the mean of. */
  runs: number | null;
  /** What the scale leaves out of the authors' setting. */
  cut: string | null;
  /** Why it may differ, or what slip of the authors is repeated. */
  why: string;
  /** Where the authors' number, or the third party's, was published. */
  source: string | null;
}

export const REPRODUCTION_COLUMNS = [
  'experiment',
  'number',
  'authors',
  'third_party',
  'here',
  'here_sd',
  'difference',
  'tolerance',
  'within',
  'runs',
  'cut',
  'why',
  'source',
] as const satisfies readonly (keyof ReproducedNumber)[];

/** A mean over draws that a calculation computed itself. */
export interface CalculatedNumber {
  value: number;
  draws: number;
}

/** What the numbers of an experiment are read from. */
export interface Found {
  experiment: string;
  results: Results;
  cut: string | null;
  /** Numbers of a calculation by name, as `calculated.<name>` in a check. */
  calculated: Readonly<Record<string, CalculatedNumber>>;
  algebra: LinearAlgebra;
  /** Returns the results of another experiment at the same scale, null where there are none. */
  resultsOf(experiment: string): Results | null;
}

/** One number that a check asks for. */
interface Wanted {
  label: string;
  authors: number | string | null;
  source: string | null;
  thirdParty: number | string | null;
  layer: string | null;
  epoch: number | null;
  spikes: number | null;
  /** Of this row; null: that of the check. */
  tolerance: number | null;
  where: Readonly<Record<string, unknown>>;
}

const CALCULATED = 'calculated.';

/** Returns the numbers of a check. What these results do not have (epochs not reached, batch sizes left out) is no row; if nothing is there, one row says so. */
export function reproducedNumbers(check: Check, found: Found): ReproducedNumber[] {
  const all = wanted(check);
  const rows = all.flatMap((one) => numbersOf(check, one, found));
  return rows.length > 0 ? rows : [row(check, all[0]!, '', null, 0, found, `${absent(check)}; ${check.why}`)];
}

function absent({ from, number }: Check): string {
  return from === undefined ? `${number} is not among these results` : `run ${from} first`;
}

function wanted(check: Check): Wanted[] {
  const { authors, epochs, rows, number } = check;
  const plain: Wanted = {
    label: number,
    authors: null,
    source: null,
    thirdParty: null,
    layer: check.layer ?? null,
    epoch: check.epoch ?? null,
    spikes: check.spikes ?? null,
    tolerance: null,
    where: check.where ?? {},
  };
  if (rows !== undefined) return wantedRows(check, rows, plain);
  if (authors === undefined) return [plain];
  if (epochs === undefined) {
    const { value, source } = authorsNumber(authors);
    return [{ ...plain, authors: value as number | string, source }];
  }
  const { list, source } = authorsList(authors);
  const at = authorsList(epochs.list).list;
  if (at.length !== list.length)
    throw new RangeError(`${authors} must have ${at.length} numbers, got ${list.length}`);
  return list.map((value, i) => {
    const epoch = at[i]! + epochs.shift;
    return { ...plain, label: `${number}, epoch ${epoch}`, authors: value, source, epoch };
  });
}

function wantedRows(
  check: Check,
  { key, setting, field, spikes, tolerance }: NonNullable<Check['rows']>,
  plain: Wanted,
): Wanted[] {
  const own = check.authors === undefined ? null : authorsRows(check.authors);
  const others = check.thirdParty === undefined ? null : authorsRows(check.thirdParty.rows);
  const keys = [...new Set([...(own?.rows ?? []), ...(others?.rows ?? [])].map((one) => one[key]))];
  return keys.flatMap((value): Wanted[] => {
    const ours = own?.rows.find((one) => one[key] === value);
    const theirs = others?.rows.find((one) => one[key] === value);
    const authors = field === undefined ? null : ((ours?.[field] ?? null) as Wanted['authors']);
    const thirdParty =
      check.thirdParty === undefined
        ? null
        : ((theirs?.[check.thirdParty.field] ?? null) as Wanted['authors']);
    if (authors === null && thirdParty === null && field !== undefined) return [];
    const layer = setting === 'layer' ? String(value) : plain.layer;
    const count = spikes === undefined ? plain.spikes : ((ours?.[spikes] ?? null) as number | null);
    if (spikes !== undefined && count === null) return [];
    return [
      {
        ...plain,
        label: `${check.number}, ${setting === 'layer' ? value : `${key}=${value}`}`,
        authors,
        thirdParty,
        source: authors === null ? (others?.source ?? own?.source ?? null) : own!.source,
        layer,
        spikes: count,
        tolerance: tolerance === undefined ? null : ((ours?.[tolerance] ?? null) as number | null),
        where: setting === 'layer' ? plain.where : { ...plain.where, [setting]: value },
      },
    ];
  });
}

function numbersOf(check: Check, one: Wanted, found: Found): ReproducedNumber[] {
  if (check.measure.startsWith(CALCULATED)) {
    const known = found.calculated[check.measure.slice(CALCULATED.length).replace('*', one.layer ?? '')];
    return known === undefined ? [] : [row(check, one, '', known.value, known.draws, found)];
  }
  const results = check.from === undefined ? found.results : found.resultsOf(check.from);
  if (results === null) return [];
  return groups(results, one.where).flatMap(({ label, runs }) => {
    const values = runs.map((run) => at(check.measure, one, run, results, found.algebra));
    const there = values.filter((value) => value !== null);
    if (there.length === 0) return [];
    return [
      { ...row(check, one, label, combine(check.measure, there), there.length, found), here_sd: sdOf(there) },
    ];
  });
}

/** Eigenvalues of ten runs pooled have ten times the energy of one beside the largest eigenvalue of all: what the authors called stable rank. */
const POOLED = 'pooled_stable_rank';
const POOLED_RUNS = 10;

function at(
  measure: string,
  { layer, epoch, spikes }: Wanted,
  run: RunResults | null,
  results: Results,
  algebra: LinearAlgebra,
): Measured {
  const place = { results, run, epoch, layer, spikes };
  if (measure !== POOLED) return measureAt(measure, place, algebra);
  const spectrum = spectrumAt(place);
  return spectrum === null ? null : `${spectrum.norm}/${spectrum.lambda_max}`;
}

/** The mean of numbers; the most frequent of texts. */
function combine(measure: string, values: readonly (number | string)[]): number | string {
  if (measure === POOLED) {
    const pairs = values.map((value) => String(value).split('/').map(Number));
    const energy = pairs.reduce((sum, [norm]) => sum + norm!, 0) / pairs.length;
    return (POOLED_RUNS * energy) / largestOf(pairs.map(([, largest]) => largest!));
  }
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length === values.length) return numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const counts = new Map<string | number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]![0];
}

function sdOf(values: readonly (number | string)[]): number | null {
  const numbers = values.filter((value) => typeof value === 'number');
  return numbers.length < values.length ? null : (spread(numbers)?.sd ?? null);
}

interface Group {
  /** What sets these runs apart from the others that were asked for. */
  label: string;
  runs: readonly (RunResults | null)[];
}

/** Runs that the settings pick, those alike but for the seed together. */
function groups(results: Results, where: Readonly<Record<string, unknown>>): Group[] {
  if (results.runs.length === 0) return [{ label: '', runs: [null] }];
  const runs = results.runs.filter(({ config }) =>
    Object.entries(where).every(
      ([key, value]) => JSON.stringify(valueAt(config, key)) === JSON.stringify(value),
    ),
  );
  const settings = differingSettings(runs.map(({ id, config }) => ({ id, config })));
  const byLabel = new Map<string, RunResults[]>();
  for (const run of runs) {
    const label = settingText(settings.get(run.id)!);
    byLabel.set(label, [...(byLabel.get(label) ?? []), run]);
  }
  return [...byLabel].map(([label, members]) => ({ label, runs: members }));
}

function valueAt(config: unknown, key: string): unknown {
  let value = config;
  for (const part of key.split('.')) value = (value as Record<string, unknown> | null)?.[part] ?? null;
  return value;
}

function row(
  check: Check,
  one: Wanted,
  group: string,
  here: number | string | null,
  runs: number,
  { experiment, cut }: Found,
  why = check.why,
): ReproducedNumber {
  const { authors } = one;
  const difference = typeof here === 'number' && typeof authors === 'number' ? here - authors : null;
  const tolerance = one.tolerance ?? (typeof authors === 'number' ? allowedDifference(check, authors) : null);
  return {
    experiment,
    number: `${check.slip ? 'slip: ' : ''}${one.label}${group === '' ? '' : `, ${group}`}`,
    authors,
    third_party: one.thirdParty,
    here,
    here_sd: null,
    difference,
    tolerance,
    within: isWithin(here, authors, tolerance),
    runs: runs === 0 ? null : runs,
    cut,
    why,
    source: one.source,
  };
}
