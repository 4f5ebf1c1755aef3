import { deflateSync } from 'fflate';
import { JOINED_COLUMNS, type JoinedRow } from '../../experiment/results/joinRows.ts';
import { METRICS_COLUMNS } from '../../experiment/results/metricsRow.ts';
import { COLUMN_OF, isNumeric, namesOf } from '../../spectra/columns.ts';
import { PHASES } from '../../spectra/phase.ts';
import { PHASE_STYLE } from '../figures/phaseStyle.ts';
import { BINS_PER_SPECTRUM, ESD_BINS, esdHistograms } from './esdHistograms.ts';
import type { ReportInput } from './reportInput.ts';
import { runGroup } from './runGroup.ts';

/** Columns the page cannot be without: its charts are drawn from them. */
const DRAWN_COLUMNS = [
  'epoch',
  'num_evals',
  'lambda_max',
  'alpha',
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
  'phase_confidence',
] as const satisfies readonly (keyof JoinedRow)[];

/** Where a spectrum stands and its shape: nothing to follow over the epochs. */
const SHAPE_COLUMNS: ReadonlySet<string> = new Set(['epoch', 'N', 'M', 'Q', 'num_evals']);

/** What the training itself gives at every epoch. */
const TRAINING_MEASURES = [...METRICS_COLUMNS, ...JOINED_COLUMNS.filter(([name]) => name === 'gap')]
  .filter(([name]) => name !== 'epoch')
  .map(([name, , label, unit]) => ({ name, label, unit }));

/** Beyond this many rows the page holds nothing else of them: every column more adds about 20 kB. */
const MOST_ROWS_IN_FULL = 5000;

export interface ReportPayload {
  /** Deflated JSON of everything but the histograms, base64. */
  json: string;
  /** Deflated little-endian Uint16 counts, BINS_PER_SPECTRUM a row, base64. */
  histograms: string;
}

/** Returns the data the page draws from, `rows` being the joined ones of `input`, compact: six significant digits, binned spectra, texts once each. */
export function reportPayload(input: ReportInput, rows: readonly JoinedRow[]): ReportPayload {
  const layers = [...new Set(rows.map((row) => row.layer))];
  const runNames = [...new Set([...input.runs.map((run) => run.id), ...rows.map((row) => row.run ?? '')])];
  const runIndex = new Map(runNames.map((id, i) => [id, i]));
  const texts = new Map<string, number>();
  const textIndex = (text: string | null): number | null => {
    if (text === null) return null;
    const known = texts.get(text) ?? texts.size;
    texts.set(text, known);
    return known;
  };
  const counts = new Uint16Array(rows.length * BINS_PER_SPECTRUM);
  const bulkEnd: (number | null)[] = [];
  const logStart: (number | null)[] = [];
  rows.forEach((row, i) => {
    const evals = input.esd(row.run, row.epoch, row.layer);
    if (evals === null || evals.length === 0) {
      bulkEnd.push(null);
      logStart.push(null);
      return;
    }
    const histograms = esdHistograms(evals, row.lambda_plus);
    counts.set(histograms.counts, i * BINS_PER_SPECTRUM);
    bulkEnd.push(short(histograms.bulkEnd));
    logStart.push(short(histograms.logStart));
  });
  const columns = numericColumns(rows);
  const settings = new Map(rows.map((row) => [row.run ?? '', row]));
  const metrics = input.runs.flatMap((run) => run.metrics.map((row) => ({ run: runIndex.get(run.id), row })));
  const ofTraining: Record<string, (number | null)[]> = {
    ...Object.fromEntries(
      METRICS_COLUMNS.map(([column]) => [column, metrics.map(({ row }) => short(row[column]))]),
    ),
    gap: metrics.map(({ row }) =>
      row.train_accuracy === null ? null : short(row.train_accuracy - row.test_accuracy),
    ),
  };
  const json = JSON.stringify({
    name: input.experiment.name,
    bins: ESD_BINS,
    phases: PHASES.map((phase) => ({ name: phase, short: PHASE_STYLE[phase].short })),
    layers,
    runs: runNames.map((id) => ({
      id: id === '' ? 'weights' : id,
      batchSize: settings.get(id)?.batch_size ?? null,
      group: runGroup(id),
    })),
    rows: {
      run: rows.map((row) => runIndex.get(row.run ?? '')),
      layer: rows.map((row) => layers.indexOf(row.layer)),
      phase: rows.map((row) => (row.phase === null ? null : PHASES.indexOf(row.phase))),
      runner_up: rows.map((row) =>
        row.phase_runner_up === null ? null : PHASES.indexOf(row.phase_runner_up),
      ),
      ambiguous: rows.map((row) => (row.phase_ambiguous === true ? 1 : 0)),
      evidence: rows.map((row) => textIndex(row.phase_evidence)),
      notes: rows.map((row) => textIndex(row.notes)),
      bulk_end: bulkEnd,
      log_start: logStart,
      ...Object.fromEntries(columns.map(({ name, values }) => [name, values])),
    },
    columns: columns.map(({ name }) => columnOf(name)),
    measures: columns.filter(({ name }) => !SHAPE_COLUMNS.has(name)).map(({ name }) => columnOf(name)),
    metrics: { run: metrics.map(({ run }) => run), ...ofTraining },
    ofTraining: TRAINING_MEASURES.filter(({ name }) => ofTraining[name]?.some((value) => value !== null)),
    texts: [...texts.keys()],
  });
  return {
    json: pack(Buffer.from(json)),
    histograms: pack(new Uint8Array(counts.buffer)),
  };
}

interface NumericColumn {
  name: string;
  values: (number | null)[];
}

/** Returns the numbers of the rows by column, in the order of the table; those of another version of phasewatch come last. */
function numericColumns(rows: readonly JoinedRow[]): NumericColumn[] {
  const known = [...COLUMN_OF.values()].filter(isNumeric).map(([name]) => name);
  const joined = new Set<string>(namesOf(JOINED_COLUMNS));
  const others = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter(
    (name) => !COLUMN_OF.has(name) && !joined.has(name),
  );
  const drawn: readonly string[] = DRAWN_COLUMNS;
  const inFull = rows.length <= MOST_ROWS_IN_FULL;
  return [...known, ...others]
    .filter((name) => inFull || drawn.includes(name))
    .map((name) => ({
      name,
      values: rows.map((row) => {
        const value = row[name] ?? null;
        return typeof value === 'number' ? short(value) : null;
      }),
    }))
    .filter(({ name, values }) => drawn.includes(name) || values.some((value) => value !== null));
}

/** Returns what the page calls a column. */
function columnOf(name: string): { name: string; label: string; unit: string; meaning: string } {
  const [, , label, unit, meaning] = COLUMN_OF.get(name) ?? [name, '', name, '', ''];
  return { name, label, unit, meaning };
}

function pack(bytes: Uint8Array): string {
  return Buffer.from(deflateSync(bytes, { level: 6 })).toString('base64');
}

function short(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(6));
}
