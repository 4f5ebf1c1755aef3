import { atTrainAccuracy } from '../src/analyze/compare/equalFit.ts';
import { largestOf } from '../src/base/extremes.ts';
import type { CsvRow } from '../src/experiment/results/csvFiles.ts';
import { joinRows } from '../src/experiment/results/joinRows.ts';
import { type Results, readResults } from '../src/experiment/results/readResults.ts';
import { authorsRows } from '../src/paper/authors.ts';

interface AuthorsRow {
  readonly b: number;
  readonly spikes_per_run?: number;
  readonly train?: number;
  readonly test?: number;
}

/** Where the sweep is published, the folder trained furthest first: a batch size is read from the first that has it. */
const SWEEPS = ['hundred-epochs/batch-sweep', 'forty-epochs/batch-sweep', 'batch-sweep'] as const;
/** The authors' rows, a batch size each, the largest first. */
const AUTHORS = authorsRows('minialexnet_batch_sweep.rows').rows as unknown as readonly AuthorsRow[];
/** The accuracy of the training images that runs are compared at: the highest that all but the largest batches reach. */
const FITTED = 0.93;

const TABLES: Readonly<Record<string, (folder: (path: string) => Results) => string>> = {
  summary,
  sweep,
  baseline: (folder) => byEpoch(folder('minialexnet-baseline'), [1, 2, 3, 4, 6, 9, 11, 16]),
  l2: (folder) => byEpoch(folder('minialexnet-l2'), [1, 6, 11, 21]),
  dropout,
  gap,
};

const TABLE = /(<!-- table ([a-z0-9]+): npm run reference -->\n)\n*(?:\|.*\n)*\n*/g;

/** The pages with tables, in docs/notebook. */
export const PAGES_WITH_TABLES = ['reproduction.md', 'regularization.md'] as const;

/**
 * Returns a page of docs/notebook with the table below each mark `<!-- table NAME: npm run reference -->` written anew from the
 * folders of `root`. Throws RangeError for a table that is not known.
 */
export function withTables(page: string, root: string): string {
  const read = new Map<string, Results>();
  const folder = (path: string): Results => {
    const results = read.get(path) ?? readResults(`${root}/${path}`);
    read.set(path, results);
    return results;
  };
  return page.replace(TABLE, (_, mark: string, name: string) => {
    const written = TABLES[name];
    if (written === undefined)
      throw new RangeError(`unknown table: ${name} (known: ${Object.keys(TABLES).join(', ')})`);
    return `${mark}\n${written(folder)}\n\n`;
  });
}

/** What a row of the summary is made of: the name, where it stands, the authors' epochs; null where nobody knows them. */
const SUMMARY: readonly [string, string, number | null][] = [
  ['baseline, b = 16', 'minialexnet-baseline', 100],
  ['L2 of 0.0001', 'minialexnet-l2', 100],
  ['dropout of 0.4', 'rate-0.4/minialexnet-dropout', 100],
  ['rank-collapse, L2 of 0.001', 'sixteen-epochs/rank-collapse', null],
];

function summary(folder: (path: string) => Results): string {
  const sizes = AUTHORS.map(({ b }) => {
    const { results, run } = sweepRun(folder, b);
    const numbers = results.reproduction.filter(({ number }) => String(number).endsWith(`, b=${b}`));
    return { b, epoch: run.metrics.at(-1)!.epoch, numbers };
  });
  const others = SUMMARY.map(([name, path, epochs]) => {
    const results = folder(path);
    const reached = largestOf(results.runs.map((run) => run.metrics.at(-1)?.epoch ?? 0));
    return [name, epochs === null ? `${reached}` : `${reached} of ${epochs}`, judged(results.reproduction)];
  });
  return table(
    ['', 'epochs', 'numbers within tolerance'],
    [
      ...sizes.map(({ b, epoch, numbers }) => [`batch size ${b}`, `${epoch} of 100`, judged(numbers)]),
      ['all batch sizes', '', judged(sizes.flatMap(({ numbers }) => numbers))],
      ...others,
    ],
  );
}

/** Counts what can be judged. The authors' slips, repeated, say nothing that their right numbers do not. */
function judged(rows: readonly CsvRow[]): string {
  const known = rows.filter(
    ({ number, within }) => typeof within === 'boolean' && !String(number).startsWith('slip: '),
  );
  return `${known.filter(({ within }) => within).length} of ${known.length}`;
}

function sweep(folder: (path: string) => Results): string {
  const rows = AUTHORS.map(({ b, spikes_per_run }) => {
    const { results, run } = sweepRun(folder, b);
    const fc1 = spectraOfFc1(results, run.id).at(-1)!;
    const cell = (number: string, here: number, digits: number): string =>
      beside(numberOf(results, `${number}, b=${b}`) ?? { here }, digits);
    const trained = run.metrics.at(-1)!;
    const second = fc1.phase_ambiguous ? ` or ${fc1.phase_runner_up}` : '';
    const label = numberOf(results, `phase of fc1, b=${b}`)!;
    return [
      String(b),
      String(fc1.epoch),
      cell('training accuracy', trained.train_accuracy!, 3),
      cell('test accuracy', trained.test_accuracy!, 3),
      cell('stable rank of fc1', fc1.stable_rank!, 1),
      cell('largest eigenvalue of fc1', fc1.lambda_max!, 2),
      cell('MP soft rank of fc1', fc1.mp_softrank!, 3),
      `${fc1.num_spikes} (${spikes_per_run ?? '-'})`,
      fc1.alpha!.toPrecision(3),
      fc1.D!.toFixed(2),
      marked(`${fc1.phase}${second}`, label) +
        (label.within ? '' : ` (${String(label.authors).replace('|', ' or ')})`),
    ];
  });
  return table(
    [
      'b',
      'epoch',
      ...['train', 'test', 'stable rank', 'lambda_max', 'soft rank', 'spikes', 'alpha', 'D', 'label'],
    ],
    rows,
  );
}

/** Numbers that the authors have by epoch: title, name, digits. */
const CURVES: readonly [string, string, number][] = [
  ['stable rank fc1', 'stable rank of fc1', 1],
  ['fc2', 'stable rank of fc2', 1],
  ['entropy fc1', 'entropy of fc1', 4],
  ['fc2', 'entropy of fc2', 4],
  ['train', 'training accuracy', 3],
  ['test', 'test accuracy', 3],
];

function byEpoch(results: Results, epochs: readonly number[]): string {
  const known = curvesOf(results);
  return table(
    ['epoch', ...known.map(([title]) => title)],
    epochs.map((epoch) => [String(epoch), ...atEpoch(results, epoch)]),
  );
}

function dropout(folder: (path: string) => Results): string {
  const rates = [
    ['0.5', folder('six-epochs/minialexnet-dropout')],
    ['0.4', folder('rate-0.4/minialexnet-dropout')],
  ] as const;
  return table(
    ['epoch', 'rate', ...curvesOf(rates[0][1]).map(([title]) => title)],
    [1, 6].flatMap((epoch) =>
      rates.map(([rate, results]) => [String(epoch), rate, ...atEpoch(results, epoch)]),
    ),
  );
}

function curvesOf(results: Results): typeof CURVES {
  return CURVES.filter(([, name]) => numberOf(results, `${name}, epoch 1`) !== null);
}

function atEpoch(results: Results, epoch: number): string[] {
  return curvesOf(results).map(([, name, digits]) =>
    beside(numberOf(results, `${name}, epoch ${epoch}`), digits),
  );
}

function gap(folder: (path: string) => Results): string {
  const columns = AUTHORS.flatMap(({ b, train, test }) => {
    const { results, run } = sweepRun(folder, b);
    const [taken] = atTrainAccuracy(joinRows(spectraOfFc1(results, run.id), [run]), FITTED).rows;
    if (taken === undefined) return [];
    return [
      [
        String(b),
        taken.epoch!.toFixed(1),
        taken.alpha!.toPrecision(3),
        taken.gap!.toFixed(3),
        train === undefined || test === undefined ? '-' : (train - test).toFixed(3),
      ],
    ];
  });
  const titles = ['b', 'epoch', 'alpha of FC1', 'gap here', 'gap of the authors, epoch 100'];
  const [header, ...rows] = titles.map((title, i) => [title, ...columns.map((column) => column[i]!)]);
  return table(header!, rows);
}

function sweepRun(folder: (path: string) => Results, b: number) {
  for (const path of SWEEPS) {
    const results = folder(path);
    const run = results.runs.find(({ config }) => config?.batchSize === b);
    if (run !== undefined) return { results, run };
  }
  throw new RangeError(`batch size must be trained in one of ${SWEEPS.join(', ')}, got ${b}`);
}

function spectraOfFc1(results: Results, run: string) {
  return results.spectra.filter((row) => row.run === run && row.layer === 'fc1');
}

function numberOf(results: Results, number: string): CsvRow | null {
  return results.reproduction.find((row) => row.number === number) ?? null;
}

/** What was found, the authors' number behind it; in bold where it is out of tolerance. */
function beside(row: CsvRow | null, digits: number): string {
  if (row === null) return '-';
  const { here, authors } = row;
  const text = typeof here === 'number' ? here.toFixed(digits) : '-';
  return typeof authors === 'number' ? `${marked(text, row)} (${Number(authors.toFixed(digits))})` : text;
}

function marked(text: string, row: CsvRow): string {
  return row.within === false ? `**${text}**` : text;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), `|${'---|'.repeat(header.length)}`, ...rows.map(line)].join('\n');
}
