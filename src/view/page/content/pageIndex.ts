import type { MetricsRow } from '../../../experiment/results/metricsRow.ts';
import { NO_RUN, type PageData, type PageRun, type PageSpectrum } from './pageData.ts';

/** The data of a page, found by run and layer. */
export interface PageIndex {
  layers: readonly string[];
  /** Runs that have spectra or metrics, by batch size, then as the folder names them. */
  runs: readonly PageRun[];
  /** What pictures call a run: without its seed where no other shares its setting. */
  label(id: string): string;
  /** The run of that id. */
  run(id: string): PageRun | undefined;
  /** The spectra of a layer in a run, epochs ascending. */
  series(run: string, layer: string): readonly PageSpectrum[];
  metrics(run: string): readonly MetricsRow[];
  /** Where a run's batch size stands among all of them, and where its group among those of this batch size. */
  place(run: PageRun): { size: number; group: number };
  sizes: readonly (number | null)[];
}

/** Returns the index of a page's data. */
export function pageIndex({ runs, spectra, metrics }: PageData): PageIndex {
  const series = new Map<string, PageSpectrum[]>();
  for (const spectrum of spectra) {
    const key = seriesKey(spectrum.row.run ?? NO_RUN, spectrum.row.layer);
    series.set(key, [...(series.get(key) ?? []), spectrum]);
  }
  for (const list of series.values()) list.sort((a, b) => (a.row.epoch ?? 0) - (b.row.epoch ?? 0));
  const metricsOf = new Map<string, MetricsRow[]>();
  for (const row of metrics) metricsOf.set(row.run, [...(metricsOf.get(row.run) ?? []), row]);
  const sized = [...runs].sort(
    (a, b) =>
      (a.batchSize ?? Number.POSITIVE_INFINITY) - (b.batchSize ?? Number.POSITIVE_INFINITY) ||
      runs.indexOf(a) - runs.indexOf(b),
  );
  const sizes = [...new Set(sized.map((run) => run.batchSize))];
  const groups = new Map(
    sizes.map((size) => [
      size,
      [...new Set(sized.filter((run) => run.batchSize === size).map((run) => run.group))],
    ]),
  );
  const byId = new Map(runs.map((run) => [run.id, run]));
  return {
    layers: [...new Set(spectra.map(({ row }) => row.layer))],
    runs: sized,
    label: (id) => {
      const { group = id } = byId.get(id) ?? {};
      return runs.some((other) => other.group === group && other.id !== id) ? id : group;
    },
    run: (id) => byId.get(id),
    series: (run, layer) => series.get(seriesKey(run, layer)) ?? [],
    metrics: (run) => metricsOf.get(run) ?? [],
    place: (run) => ({
      size: sizes.indexOf(run.batchSize),
      group: groups.get(run.batchSize)!.indexOf(run.group),
    }),
    sizes,
  };
}

/** Returns the spectrum of a series at an epoch: the last up to it, and the last of all for null. */
export function spectrumAt(series: readonly PageSpectrum[], epoch: number | null): PageSpectrum | undefined {
  if (epoch === null) return series.at(-1);
  return series.findLast(({ row }) => (row.epoch ?? 0) <= epoch) ?? series[0];
}

const seriesKey = (run: string, layer: string): string => `${run}/${layer}`;
