import type { CsvRow } from '../../../experiment/results/csvFiles.ts';
import { type JoinedRow, joinRows } from '../../../experiment/results/joinRows.ts';
import type { MetricsRow } from '../../../experiment/results/metricsRow.ts';
import { seedGroups } from '../../../experiment/results/overSeeds.ts';
import type { PoolSpectra } from '../../figures/ensembles.ts';
import { type EsdHistogram, type EsdView, esdHistogram, spectrumEnds } from '../../figures/esdHistogram.ts';
import { pageEnsembles } from './pageEnsembles.ts';
import type { PageRun } from './pageRun.ts';
import { provenanceFacts } from './provenanceFacts.ts';
import type { Difference, ReportInput } from './reportInput.ts';

/** The views of a spectrum that the page offers. */
export const PAGE_VIEWS = ['bulk', 'linear', 'log'] as const satisfies readonly EsdView[];
export type PageView = (typeof PAGE_VIEWS)[number];

/** Runs that differ by seed alone, as their mean and pooled spectrum or one by one. */
export type SeedsShown = 'together' | 'apart';

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
  /** Whether it is about the layers of weights files, which take the place of the runs. */
  weights: boolean;
  /** The two models, where the spectra are of their difference. */
  difference: Difference | null;
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

/** Returns what the page shows of a results folder; `pool` pools the spectra of runs that differ by seed alone. */
export function pageData(input: ReportInput, pool?: PoolSpectra): PageData {
  const rows = joinRows(input.spectra, input.runs);
  const configs = new Map(input.runs.map((run) => [run.id, run.config]));
  const statuses = new Map(input.runs.map((run) => [run.id, run.status]));
  const ids = [...new Set([...input.runs.map(({ id }) => id), ...rows.map((row) => row.run ?? NO_RUN)])];
  const groups = seedGroups(ids.map((id) => ({ id, config: configs.get(id) ?? null })));
  const runs = ids.map(
    (id): PageRun => ({
      id,
      batchSize: numberOf(configs.get(id)?.batchSize),
      seed: numberOf(configs.get(id)?.seed),
      group: groups.get(id)!,
      members: [id],
      // Of a training elsewhere there are only spectra.
      remark: configs.get(id) || statuses.get(id) ? remarkOf(statuses.get(id) ?? null) : null,
      notLearned: statuses.get(id)?.warning ?? null,
    }),
  );
  const ensembles = pageEnsembles(runs, rows, input.esd, pool);
  return {
    name: input.experiment.name,
    description: input.experiment.description,
    weights: input.weights === true,
    difference: input.difference ?? null,
    runs: [...runs, ...ensembles.map(({ run }) => run)],
    spectra: [
      ...rows.map((row) => pageSpectrum(row, input.esd(row.run, row.epoch, row.layer))),
      ...ensembles.flatMap(({ spectra }) => spectra.map(({ row, evals }) => pageSpectrum(row, evals))),
    ],
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

/** Returns the runs that are shown: each for itself, or the ensembles with those that belong to none. */
export function shownRuns({ runs }: Pick<PageData, 'runs'>, seeds: SeedsShown): PageRun[] {
  const pooled = new Set(
    seeds === 'apart' ? [] : runs.flatMap(({ members }) => (members.length > 1 ? members : [])),
  );
  return runs.filter(({ id, members }) => (members.length > 1 ? seeds === 'together' : !pooled.has(id)));
}

/** Returns the rows of the runs that are shown. */
export function shownRows(data: PageData, seeds: SeedsShown): JoinedRow[] {
  const ids = new Set(shownRuns(data, seeds).map(({ id }) => id));
  return data.spectra.flatMap(({ row }) => (ids.has(row.run ?? NO_RUN) ? [row] : []));
}
