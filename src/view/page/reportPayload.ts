import { deflateSync } from 'fflate';
import { SPECTRA_COLUMNS } from '../../experiment/results/csvFiles.ts';
import { JOINED_COLUMNS, type JoinedRow } from '../../experiment/results/joinRows.ts';
import type { MetricsRow } from '../../experiment/results/metricsRow.ts';
import { PHASES } from '../../spectra/spectrumRow.ts';
import { PHASE_STYLE } from '../figures/phaseStyle.ts';
import { BINS_PER_SPECTRUM, ESD_BINS, esdHistograms } from './esdHistograms.ts';
import type { ReportInput } from './reportInput.ts';
import { runGroup } from './runGroup.ts';

/** Columns of a spectrum the page draws or shows; spectra.csv has them all, in full precision. */
const ROW_COLUMNS = [
  'epoch',
  'N',
  'M',
  'Q',
  'num_evals',
  'lambda_max',
  'lambda_min',
  'stable_rank',
  'matrix_rank',
  'rank_loss',
  'entropy',
  'log_norm',
  'alpha',
  'alpha_weighted',
  'D',
  'xmin',
  'num_pl_spikes',
  'sigma_mp',
  'lambda_minus',
  'lambda_plus',
  'tw_edge',
  'num_spikes',
  'mp_softrank',
  'bulk_ks',
  'phase_confidence',
] as const satisfies readonly (keyof JoinedRow)[];

const METRIC_COLUMNS = [
  'epoch',
  'learning_rate',
  'train_loss',
  'train_accuracy',
  'test_loss',
  'test_accuracy',
  'images_per_second',
] as const satisfies readonly (keyof MetricsRow)[];

/** Every extra column of this many rows adds about 20 kB. */
const MOST_ROWS_WITH_EXTRAS = 5000;

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
  const settings = new Map(rows.map((row) => [row.run ?? '', row]));
  const metrics = input.runs.flatMap((run) => run.metrics.map((row) => ({ run: runIndex.get(run.id), row })));
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
      ...Object.fromEntries(ROW_COLUMNS.map((column) => [column, rows.map((row) => short(row[column]))])),
    },
    extras: extraColumns(rows),
    metrics: {
      run: metrics.map(({ run }) => run),
      ...Object.fromEntries(
        METRIC_COLUMNS.map((column) => [column, metrics.map(({ row }) => short(row[column]))]),
      ),
    },
    texts: [...texts.keys()],
  });
  return {
    json: pack(Buffer.from(json)),
    histograms: pack(new Uint8Array(counts.buffer)),
  };
}

/** Numeric columns beyond the fixed ones (intervals, null calibration, ...), by name; none where rows are too many for the page. */
function extraColumns(rows: readonly JoinedRow[]): Record<string, (number | null)[]> {
  if (rows.length > MOST_ROWS_WITH_EXTRAS) return {};
  const fixed = new Set<string>([...SPECTRA_COLUMNS, ...JOINED_COLUMNS]);
  const names = new Set(rows.flatMap((row) => Object.keys(row)).filter((name) => !fixed.has(name)));
  const columns = [...names].map((name) => {
    const values = rows.map((row) => row[name]);
    return [name, values.map((value) => (typeof value === 'number' ? short(value) : null))] as const;
  });
  return Object.fromEntries(columns.filter(([, values]) => values.some((value) => value !== null)));
}

function pack(bytes: Uint8Array): string {
  return Buffer.from(deflateSync(bytes, { level: 6 })).toString('base64');
}

function short(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(6));
}
