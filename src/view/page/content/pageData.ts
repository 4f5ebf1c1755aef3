import type { CsvRow } from '../../../experiment/results/csvFiles.ts';
import { type JoinedRow, joinRows } from '../../../experiment/results/joinRows.ts';
import type { MetricsRow } from '../../../experiment/results/metricsRow.ts';
import { type EsdHistogram, type EsdView, esdHistogram, spectrumEnds } from '../../figures/esdHistogram.ts';
import { provenanceFacts } from './provenanceFacts.ts';
import type { ReportInput } from './reportInput.ts';
import { runGroup } from './runGroup.ts';

/** The views of a spectrum that the page offers. */
export const PAGE_VIEWS = ['bulk', 'linear', 'log'] as const satisfies readonly EsdView[];
export type PageView = (typeof PAGE_VIEWS)[number];

/** A run as the page knows it. */
export interface PageRun {
  id: string;
  batchSize: number | null;
  seed: number | null;
  /** What it shares with the runs that differ from it by seed alone. */
  group: string;
  /** How it stands where it is not done: `running, epoch 3 of 20`, `failed: loss is not finite`; null where it is. */
  remark: string | null;
}

/** A spectrum of the page: its row and, where its eigenvalues are stored, what is drawn of them. */
export interface PageSpectrum {
  row: JoinedRow;
  /** The smallest eigenvalue of a logarithmic axis; null where no eigenvalues are stored. */
  smallest: number | null;
  histograms: Readonly<Record<PageView, EsdHistogram>> | null;
}

/** All that the page shows: what `buildReport` writes into it and what moves it while runs go on. */
export interface PageData {
  name: string;
  description: string | null;
  runs: readonly PageRun[];
  spectra: readonly PageSpectrum[];
  metrics: readonly (MetricsRow & { run: string })[];
  reproduction: readonly CsvRow[];
  damage: readonly string[];
  /** How the numbers were made: a name, and what it was in the sessions. */
  provenance: readonly (readonly [name: string, values: readonly string[]])[];
  yaml: string | null;
}

/** What weights are called that belong to no run. */
export const NO_RUN = 'weights';

/** Returns what the page shows of a results folder. */
export function pageData(input: ReportInput): PageData {
  const rows = joinRows(input.spectra, input.runs);
  const configs = new Map(input.runs.map((run) => [run.id, run.config]));
  const statuses = new Map(input.runs.map((run) => [run.id, run.status]));
  const ids = [...new Set([...input.runs.map(({ id }) => id), ...rows.map((row) => row.run ?? NO_RUN)])];
  return {
    name: input.experiment.name,
    description: input.experiment.description,
    runs: ids.map((id) => ({
      id,
      batchSize: numberOf(configs.get(id)?.batchSize),
      seed: numberOf(configs.get(id)?.seed),
      group: runGroup(id),
      remark: statuses.has(id) ? remarkOf(statuses.get(id)!) : null,
    })),
    spectra: rows.map((row) => pageSpectrum(row, input.esd(row.run, row.epoch, row.layer))),
    metrics: input.runs.flatMap((run) => run.metrics.map((row) => ({ run: run.id, ...row }))),
    reproduction: input.reproduction,
    damage: input.damage ?? [],
    provenance: provenanceFacts(input),
    yaml: input.experiment.yaml,
  };
}

function pageSpectrum(row: JoinedRow, evals: Float64Array | null): PageSpectrum {
  if (evals === null || evals.length === 0) return { row, smallest: null, histograms: null };
  const spectrum = { row, evals };
  return {
    row,
    smallest: spectrumEnds(spectrum).smallest,
    histograms: {
      bulk: esdHistogram(spectrum, 'bulk'),
      linear: esdHistogram(spectrum, 'linear'),
      log: esdHistogram(spectrum, 'log'),
    },
  };
}

function remarkOf(status: ReportInput['runs'][number]['status']): string | null {
  if (status === null) return 'not begun';
  if (status.state === 'done') return null;
  if (status.state === 'failed') return `failed: ${status.error ?? 'no reason given'}`;
  return `${status.state}, epoch ${status.epoch} of ${status.epochs}`;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
