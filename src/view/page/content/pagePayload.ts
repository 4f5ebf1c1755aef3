import { deflateSync, inflateSync, strFromU8, strToU8 } from 'fflate';
import type { JoinedRow } from '../../../experiment/results/joinRows.ts';
import {
  binsOfCounts,
  ESD_VIEWS,
  type EsdHistogram,
  type SpectrumEnds,
  viewRange,
} from '../../figures/esdHistogram.ts';
import { type PackedTable, packTable, unpackTable } from './packedTable.ts';
import { PAGE_VIEWS, type PageData, type PageSpectrum, type PageView } from './pageData.ts';

/** The data of a page as it travels: in the page itself, and after it while runs go on. */
export interface PagePayload {
  /** Deflated JSON of everything but the histograms, base64. */
  json: string;
  /** Deflated little-endian Uint32, NUMBERS_PER_SPECTRUM a spectrum, base64. */
  histograms: string;
}

/** Of each view its counts, then the bin in which the Tracy-Widom edge lies and how many of its eigenvalues lie above. */
const NUMBERS_PER_SPECTRUM = PAGE_VIEWS.reduce((sum, view) => sum + ESD_VIEWS[view] + 2, 0);

/** Beyond this many spectra the page holds of them only what its pictures are drawn from: every other column adds about 20 kB. */
const MOST_ROWS_IN_FULL = 5000;
const DRAWN_COLUMNS: ReadonlySet<string> = new Set([
  'run',
  'epoch',
  'layer',
  'N',
  'M',
  'Q',
  'num_evals',
  'lambda_max',
  'alpha',
  'D',
  'xmin',
  'num_pl_spikes',
  'sigma_mp',
  'lambda_minus',
  'lambda_plus',
  'tw_edge',
  'num_spikes',
  'stable_rank',
  'mp_softrank',
  'entropy',
  'phase',
  'phase_confidence',
  'phase_ambiguous',
  'phase_runner_up',
  'phase_evidence',
  'notes',
  'batch_size',
  'learning_rate',
  'seed',
  'setting',
  'train_accuracy',
  'evaluated_train_accuracy',
  'test_accuracy',
  'gap',
] satisfies (keyof JoinedRow)[]);

type PackedPage = Omit<PageData, 'spectra' | 'metrics' | 'reproduction'> & {
  rows: PackedTable;
  smallest: (number | null)[];
  metrics: PackedTable;
  reproduction: PackedTable;
};

/** Returns the payload of a page: numbers to six significant digits; the folder's CSV files have them in full. */
export function packPage({ spectra, metrics, reproduction, ...rest }: PageData): PagePayload {
  const numbers = new Uint32Array(spectra.length * NUMBERS_PER_SPECTRUM);
  spectra.forEach(({ histograms }, i) => {
    if (histograms !== null) putHistograms(numbers, i * NUMBERS_PER_SPECTRUM, histograms);
  });
  const rows = spectra.map(({ row }) => row);
  const packed: PackedPage = {
    ...rest,
    rows: packTable(rows.length > MOST_ROWS_IN_FULL ? rows.map(drawnColumns) : rows),
    smallest: spectra.map(({ smallest }) => smallest),
    metrics: packTable(metrics),
    reproduction: packTable(reproduction),
  };
  return {
    json: base64Of(deflateSync(strToU8(JSON.stringify(packed)))),
    histograms: base64Of(deflateSync(new Uint8Array(numbers.buffer))),
  };
}

/** Returns the page of a payload. */
export function unpackPage(payload: PagePayload): PageData {
  const { rows, smallest, metrics, reproduction, ...rest } = JSON.parse(
    strFromU8(inflateSync(bytesOf(payload.json))),
  ) as PackedPage;
  const numbers = new Uint32Array(inflateSync(bytesOf(payload.histograms)).slice().buffer);
  return {
    ...rest,
    spectra: (unpackTable(rows) as JoinedRow[]).map((row, i) =>
      takeSpectrum(row, smallest[i] ?? null, numbers, i * NUMBERS_PER_SPECTRUM),
    ),
    metrics: unpackTable(metrics) as PageData['metrics'][number][],
    reproduction: unpackTable(reproduction),
  };
}

function putHistograms(
  numbers: Uint32Array,
  offset: number,
  histograms: Record<PageView, EsdHistogram>,
): void {
  let at = offset;
  for (const view of PAGE_VIEWS) {
    const { bins } = histograms[view];
    const cut = bins.findIndex((bin) => bin.above > 0);
    bins.forEach((bin, i) => {
      numbers[at + i] = bin.count;
    });
    at += ESD_VIEWS[view];
    numbers[at++] = cut === -1 ? ESD_VIEWS[view] : cut;
    numbers[at++] = cut === -1 ? 0 : bins[cut]!.above;
  }
}

function takeSpectrum(
  row: JoinedRow,
  smallest: number | null,
  numbers: Uint32Array,
  offset: number,
): PageSpectrum {
  if (smallest === null) return { row, smallest, histograms: null };
  const ends = { lambdaPlus: row.lambda_plus, smallest, largest: row.lambda_max };
  let at = offset;
  const take = (view: PageView): EsdHistogram => {
    const size = ESD_VIEWS[view];
    const taken = numbers.subarray(at, at + size + 2);
    at += size + 2;
    return histogramOf(view, ends, taken.subarray(0, size), [taken[size]!, taken[size + 1]!], row.num_evals);
  };
  return { row, smallest, histograms: { bulk: take('bulk'), linear: take('linear'), log: take('log') } };
}

function histogramOf(
  view: PageView,
  ends: SpectrumEnds,
  counts: Uint32Array,
  [cutBin, cutAbove]: readonly [number, number],
  total: number,
): EsdHistogram {
  const [from, end] = viewRange(view, ends);
  if (!(end > from)) return { bins: [], beyond: 0 };
  const above = counts.map((count, i) => (i < cutBin ? 0 : i === cutBin ? cutAbove : count));
  // The other views reach to the largest eigenvalue.
  const beyond = view === 'bulk' ? total - counts.reduce((sum, count) => sum + count, 0) : 0;
  return { bins: binsOfCounts(view, [from, end], counts, above, total), beyond };
}

function drawnColumns(row: JoinedRow): JoinedRow {
  return Object.fromEntries(Object.entries(row).filter(([name]) => DRAWN_COLUMNS.has(name))) as JoinedRow;
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function bytesOf(base64: string): Uint8Array {
  const text = atob(base64.trim());
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
