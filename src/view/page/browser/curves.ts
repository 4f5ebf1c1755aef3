import { type Curve, curvesPlot } from '../../figures/curvesPlot.ts';
import { type Measure, measure } from '../../figures/measure.ts';
import { epochScale } from '../../figures/scales.ts';
import { scatterPlot } from '../../figures/scatterPlot.ts';
import type { LegendEntry } from '../../figures/sheet.ts';
import { legendList, showNumber } from '../content/html.ts';
import { lastRows } from '../content/lastRows.ts';
import { NO_RUN } from '../content/pageData.ts';
import { stateFragment } from '../content/pageState.ts';
import { PAGE_COLORS, showPlot } from './chart.ts';
import { byId } from './dom.ts';
import type { Part, View } from './view.ts';

const HEIGHT = 260;
/** What training itself gives, without a menu. */
const LEARNING = ['train_accuracy', 'test_accuracy', 'train_loss', 'test_loss'] as const;

/** Returns the part that draws the generalization gap against alpha, a panel a layer. */
export function gapPart(): Part {
  const grid = byId('gap-grid');
  return (view) => {
    const { index } = view;
    const last = lastRows(view.data, view.state.seeds);
    const layers = index.layers.filter((layer) =>
      last.some((row) => row.layer === layer && row.gap !== null && row.alpha !== null),
    );
    const panels = panelsOf(grid, layers);
    layers.forEach((layer, i) => {
      const plot = scatterPlot(
        last.filter((row) => row.layer === layer),
        { x: measure('alpha'), y: measure('gap') },
        (row) => view.color(index.run(row.run ?? NO_RUN)!),
        {
          colors: PAGE_COLORS,
          href: (row) => stateFragment({ run: row.run ?? NO_RUN, layer, epoch: row.epoch }),
          describe: (row) => `${row.run}: alpha ${showNumber(row.alpha)}, gap ${showNumber(row.gap)}`,
        },
      );
      showPlot(panels[i]!, plot, { height: HEIGHT, label: `Gap against alpha of ${layer}`, links: true });
    });
    byId('gap-legend').innerHTML = legendList(sizesLegend(view, 'dot'));
  };
}

/** Returns the part that draws accuracies and losses against the epoch. */
export function learningCurvesPart(): Part {
  const grid = byId('curve-grid');
  return (view) => {
    const panels = panelsOf(
      grid,
      LEARNING.map((name) => measure(name).label),
    );
    LEARNING.forEach((name, i) => {
      const curves = view.index.runs.map(
        (run): Curve => ({
          label: run.id,
          color: view.color(run),
          dash: view.dash(run),
          points: view.index.curve(run, (member) =>
            view.index
              .metrics(member)
              .flatMap((row) => (row[name] === null ? [] : [[row.epoch, row[name]] as const])),
          ),
        }),
      );
      const of: Measure = measure(name);
      showPlot(panels[i]!, epochPlot(curves, of.label), {
        height: HEIGHT,
        label: `${of.label} against epoch`,
      });
    });
    byId('curves-legend').innerHTML = legendList(sizesLegend(view, 'line'));
  };
}

/** Returns the plot of curves against the epoch, dots on them where they are short. */
export function epochPlot(curves: readonly Curve[], label: string): ReturnType<typeof curvesPlot> {
  const epochs = curves.flatMap((curve) => curve.points.map((point) => point.x));
  const dots = curves.every((curve) => curve.points.length < 40);
  return curvesPlot(curves, { x: epochScale(epochs), label, colors: PAGE_COLORS, dots });
}

/** Returns the legend of the batch sizes, or of the runs where they have none. */
export function sizesLegend(view: View, mark: 'line' | 'dot'): LegendEntry[] {
  const seen = new Set<string>();
  return view.index.runs.flatMap((run) => {
    const label = run.group;
    if (seen.has(label)) return [];
    seen.add(label);
    const dashed = view.dash(run) === 'none' || mark === 'dot';
    return [{ label, color: view.color(run), mark: dashed ? mark : ('dashed' as const) }];
  });
}

/** Gives a grid one captioned figure a title, and returns the places of the charts. */
export function panelsOf(grid: HTMLElement, titles: readonly string[]): HTMLElement[] {
  grid.replaceChildren(
    ...titles.map((title) => {
      const figure = document.createElement('figure');
      const caption = document.createElement('figcaption');
      caption.textContent = title;
      figure.append(caption, document.createElement('div'));
      return figure;
    }),
  );
  return [...grid.children].map((figure) => figure.lastElementChild as HTMLElement);
}
