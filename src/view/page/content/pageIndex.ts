import type { MetricsRow } from '../../../experiment/results/metricsRow.ts';
import { type CurvePoint, meanCurve } from '../../figures/curvesPlot.ts';
import { NO_RUN, type PageData, type PageSpectrum, type SeedsShown, shownRuns } from './pageData.ts';
import type { PageRun } from './pageRun.ts';

/** The data of a page, found by run and layer. */
export interface PageIndex {
  layers: readonly string[];
  /** Runs that are shown, by batch size, then as the folder names them. */
  runs: readonly PageRun[];
  /** All runs in this order, ensembles before their members. */
  everyRun: readonly PageRun[];
  /** What pictures call a run: without its seed where no other shares its setting. */
  label(id: string): string;
  /** The run of that id. */
  run(id: string): PageRun | undefined;
  /** The spectra of a layer in a run, epochs ascending. */
  series(run: string, layer: string): readonly PageSpectrum[];
  metrics(run: string): readonly MetricsRow[];
  /** A curve of a run: its own points or, of an ensemble, at each place the mean over its members and one standard deviation on either side. */
  curve(
    run: PageRun,
    pointsOf: (member: string) => readonly (readonly [x: number, y: number])[],
  ): CurvePoint[];
  /** Where a run's batch size stands among all of them, and where its group among those of this batch size. */
  place(run: PageRun): { size: number; group: number };
  sizes: readonly (number | null)[];
}

/** Returns the index of a page's data. */
export function pageIndex({ runs, spectra, metrics }: PageData, seeds: SeedsShown): PageIndex {
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
      b.members.length - a.members.length ||
      runs.indexOf(a) - runs.indexOf(b),
  );
  const shown = new Set(shownRuns({ runs }, seeds));
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
    runs: sized.filter((run) => shown.has(run)),
    everyRun: sized,
    label: (id) => {
      const { group = id, members = [id] } = byId.get(id) ?? {};
      const alone = runs.filter((run) => run.group === group && run.members.length === 1).length === 1;
      return alone || members.length > 1 ? group : id;
    },
    run: (id) => byId.get(id),
    series: (run, layer) => series.get(seriesKey(run, layer)) ?? [],
    metrics: (run) => metricsOf.get(run) ?? [],
    curve: ({ members }, pointsOf) => meanCurve(members.flatMap((member) => [...pointsOf(member)])),
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
