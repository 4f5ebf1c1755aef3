import { JOINED_COLUMNS, type JoinedRow, joinedColumn } from '../../../experiment/results/joinRows.ts';
import { accuracyGap, METRICS_COLUMNS, type MetricsRow } from '../../../experiment/results/metricsRow.ts';
import { COLUMN_OF, type Column, isNumeric } from '../../../spectra/columns.ts';
import type { Curve, CurvePoint } from '../../figures/curvesPlot.ts';
import { scatterPlot } from '../../figures/scatterPlot.ts';
import { legendList, showNumber } from '../content/html.ts';
import { lastRows } from '../content/lastRows.ts';
import { NO_RUN } from '../content/pageData.ts';
import type { PageRun } from '../content/pageRun.ts';
import { type PageState, stateFragment } from '../content/pageState.ts';
import { PAGE_COLORS, showPlot } from './chart.ts';
import { epochPlot, sizesLegend } from './curves.ts';
import { byId, download, fillMenu } from './dom.ts';
import type { Part, StateHolder, View } from './view.ts';

const HEIGHT = 340;
/** Where a spectrum stands and its shape: nothing to follow over the epochs. */
const SHAPE: ReadonlySet<string> = new Set(['epoch', 'N', 'M', 'Q', 'num_evals']);

/** Something to draw: a column of the spectra, or of the training. */
interface Drawn {
  name: string;
  label: string;
  ofTraining: boolean;
}

/** Returns the part that draws any column against epoch, batch size or alpha. */
export function measuresPart(holder: StateHolder): Part {
  const menu = byId<HTMLSelectElement>('measure');
  const against = byId<HTMLSelectElement>('against');
  const host = byId('measure-chart');
  let current: View | null = null;
  menu.addEventListener('change', () => holder.change({ measure: menu.value }));
  against.addEventListener('change', () => holder.change({ against: against.value as PageState['against'] }));
  byId('measure-csv').addEventListener('click', () => {
    if (current === null) return;
    const measure = chosen(current);
    const records = current.index.runs.flatMap((run) =>
      valuesOf(current!, run, measure).map(({ x, y }) => [run.id, run.batchSize, x, y]),
    );
    download(`${measure.name}.csv`, ['run', 'batch_size', 'epoch', measure.name], records);
  });
  return (view) => {
    current = view;
    const measure = chosen(view);
    fillMenu(
      menu,
      measuresOf(view).map(({ name, label }) => [name, label]),
      measure.name,
    );
    against.value = view.state.against;
    const label = `${measure.label}${measure.ofTraining ? '' : ` of ${view.layer}`}`;
    const plot = view.state.against === 'epoch' ? byEpoch(view, measure) : byLast(view, measure);
    showPlot(host, plot, {
      height: HEIGHT,
      label: `${label} against ${against.selectedOptions[0]!.text}`,
      links: view.state.against !== 'epoch',
    });
    byId('measure-legend').innerHTML = legendList(
      sizesLegend(view, view.state.against === 'epoch' ? 'line' : 'dot'),
    );
  };
}

function chosen(view: View): Drawn {
  const known = measuresOf(view);
  return known.find(({ name }) => name === view.state.measure) ?? known[0]!;
}

/** What there are numbers of, in the order of the tables of columns; columns of another version of phasewatch come last. */
function measuresOf({ data }: View): Drawn[] {
  const held = (name: string): boolean => data.spectra.some(({ row }) => typeof row[name] === 'number');
  const known = [...COLUMN_OF.values()].filter((column) => isNumeric(column) && !SHAPE.has(column[0]));
  const joined = new Set<string>(JOINED_COLUMNS.map(([name]) => name));
  const names = new Set(data.spectra.flatMap(({ row }) => Object.keys(row)));
  const others = [...names]
    .filter((name) => !COLUMN_OF.has(name) && !joined.has(name))
    .map((name): Column => [name, 'number | null', name, '', '']);
  const training = METRICS_COLUMNS.filter(([name]) => name !== 'epoch');
  return [
    ...[...known, ...others].filter(([name]) => held(name)).map((column) => drawn(column, false)),
    ...training
      .filter(([name]) => data.metrics.some((row) => row[name] !== null))
      .map((column) => drawn(column, true)),
    ...(data.metrics.some((row) => row.train_accuracy !== null) ? [drawn(joinedColumn('gap'), true)] : []),
  ];
}

function drawn([name, , label, unit]: Column, ofTraining: boolean): Drawn {
  return { name, label: unit === '' ? label : `${label} (${unit})`, ofTraining };
}

/** The values of a measure in a run by epoch; those of the training at every epoch, others where there is a spectrum. */
function valuesOf({ index, layer }: View, run: PageRun, { name, ofTraining }: Drawn): CurvePoint[] {
  return index.curve(run, (member) => {
    const rows: readonly (MetricsRow | JoinedRow)[] = ofTraining
      ? index.metrics(member)
      : index.series(member, layer).map(({ row }) => row);
    return rows.flatMap((row) => {
      const value = name === 'gap' ? accuracyGap(row) : ((row as Record<string, unknown>)[name] ?? null);
      return row.epoch === null || typeof value !== 'number' ? [] : [[row.epoch, value] as const];
    });
  });
}

function byEpoch(view: View, measure: Drawn): ReturnType<typeof epochPlot> {
  const curves = view.index.runs.map(
    (run): Curve => ({
      label: run.id,
      color: view.color(run),
      dash: view.dash(run),
      points: valuesOf(view, run, measure),
    }),
  );
  return epochPlot(curves, measure.label);
}

/** At the last epoch of each run: against its batch size, or against alpha of the layer. */
function byLast(view: View, measure: Drawn): ReturnType<typeof scatterPlot> {
  const { index, layer, state } = view;
  const alpha = state.against === 'alpha';
  const last = lastRows(view.data, state.seeds).filter((row) => row.layer === layer);
  const ends = index.runs.flatMap((run) => {
    const row = last.find((one) => (one.run ?? NO_RUN) === run.id);
    const { y: value, high } = valuesOf(view, run, measure).at(-1) ?? {};
    const at = alpha ? (row?.alpha ?? null) : run.batchSize === null ? null : Math.log2(run.batchSize);
    if (row === undefined || value === undefined || at === null) return [];
    const spread = {
      at_sd: alpha ? (row.alpha_sd ?? null) : null,
      value_sd: high == null ? null : high - value,
    };
    return [{ ...row, at, value, ...spread }];
  });
  const x = { column: 'at', label: alpha ? `alpha of ${layer}, last epoch` : 'batch size (log), last epoch' };
  const plot = scatterPlot(
    ends,
    { x, y: { column: 'value', label: measure.label } },
    (row) => view.color(index.run(row.run ?? NO_RUN)!),
    {
      colors: PAGE_COLORS,
      href: (row) => stateFragment({ run: row.run ?? NO_RUN, layer, epoch: row.epoch }),
      describe: (row) => `${row.run ?? NO_RUN}: ${showNumber(row.value as number, 4)}`,
    },
  );
  if (alpha || ends.length === 0) return plot;
  const ticks = [...new Set(ends.map(({ at }) => at))].sort((a, b) => a - b);
  const domain = [ticks[0]! - 0.3, ticks.at(-1)! + 0.3];
  const size = (at: number): string => String(Math.round(2 ** at));
  return { ...plot, x: { ...plot.x, domain, ticks, tickFormat: size } };
}
