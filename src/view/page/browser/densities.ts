import { escapeMarkup } from '../../../base/escapeMarkup.ts';
import { esdLegend, esdPlot, sharedScale } from '../../figures/esdPanels.ts';
import { breakable, legendList, phaseBadge, showNumber } from '../content/html.ts';
import { NO_RUN, type PageSpectrum, type PageView } from '../content/pageData.ts';
import { spectrumAt } from '../content/pageIndex.ts';
import { stateFragment } from '../content/pageState.ts';
import { PAGE_COLORS, showPlot } from './chart.ts';
import { byId, download } from './dom.ts';
import type { Part, View } from './view.ts';

const HEIGHT = 190;

/** Returns the part that draws the density of each setting at the chosen epoch, or of each layer of a weights file. */
export function densitiesPart(): Part {
  const grid = byId('density-grid');
  const seen = drawWhenSeen();
  let current: View | null = null;
  byId('densities-csv').addEventListener('click', () => {
    if (current !== null)
      downloadBins(
        current,
        shownSpectra(current).map(({ spectrum }) => spectrum),
        'densities.csv',
      );
  });
  return (view) => {
    current = view;
    const { weights } = view.data;
    const shown = shownSpectra(view);
    byId('densities-note').textContent =
      'The fitted law is scaled to the share of eigenvalues that are not spikes. A click on a name shows its evidence.';
    while (grid.children.length > shown.length) grid.lastElementChild!.remove();
    while (grid.children.length < shown.length) {
      const figure = document.createElement('figure');
      figure.className = weights ? 'double' : '';
      figure.append(document.createElement('figcaption'), document.createElement('div'));
      grid.append(figure);
    }
    shown.forEach(({ spectrum, series }, i) => {
      const figure = grid.children[i] as HTMLElement;
      const [caption, chart] = figure.children as unknown as [HTMLElement, HTMLElement];
      caption.innerHTML = captionOf(spectrum, view);
      const options = { height: HEIGHT, compact: true, series };
      seen(figure, () => {
        if (!weights) return drawSpectrum(chart, spectrum, view, options);
        chart.replaceChildren(document.createElement('div'), document.createElement('div'));
        const [left, right] = chart.children as unknown as [HTMLElement, HTMLElement];
        drawSpectrum(left, spectrum, view, options);
        drawSpectrum(right, spectrum, view, { ...options, view: otherView(view.state.view) });
      });
    });
    const all = weights ? 'log' : view.state.view;
    byId('densities-legend').innerHTML = legendList(esdLegend(all, PAGE_COLORS));
  };
}

/** Returns what stands beside a view: the tail beside the bulk, and the other way round. */
export const otherView = (view: PageView): PageView => (view === 'log' ? 'bulk' : 'log');

/** Returns a function that draws a figure when it comes into view, or before it is printed: a model may have hundreds of layers. */
function drawWhenSeen(): (figure: HTMLElement, draw: () => void) => void {
  const waiting = new Map<Element, () => void>();
  const drawNow = (figure: Element): void => {
    const draw = waiting.get(figure);
    waiting.delete(figure);
    draw?.();
  };
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) drawNow(target);
    },
    { rootMargin: '600px' },
  );
  addEventListener('beforeprint', () => [...waiting.keys()].map(drawNow));
  return (figure, draw) => {
    waiting.set(figure, draw);
    // Observed anew, so that a figure in view is told at once.
    observer.unobserve(figure);
    observer.observe(figure);
  };
}

interface ShownSpectrum {
  spectrum: PageSpectrum;
  series: readonly PageSpectrum[];
}

/** Every run that is shown, at the chosen epoch; of weights every layer of the chosen file. */
function shownSpectra({ data, index, layer, run, state }: View): ShownSpectrum[] {
  const places = data.weights
    ? index.layers.map((name) => index.series(run.id, name))
    : index.runs.map(({ id }) => index.series(id, layer));
  return places.flatMap((series) => {
    const spectrum = spectrumAt(series, state.epoch);
    return spectrum === undefined ? [] : [{ spectrum, series }];
  });
}

function captionOf({ row }: PageSpectrum, { data, index, state }: View): string {
  const { run, layer, epoch } = row;
  const href = stateFragment({ ...state, run: run ?? NO_RUN, layer, epoch });
  const name = data.weights ? layer : run === null ? NO_RUN : index.label(run);
  const facts = [
    data.weights ? `${row.N} x ${row.M}` : `epoch ${showNumber(epoch)}`,
    `alpha ${showNumber(row.alpha)}`,
    ...(row.num_spikes === null ? [] : [`${row.num_spikes} above the edge`]),
    ...(typeof row.num_traps === 'number' && row.num_traps > 0 ? [`${row.num_traps} traps`] : []),
    ...(row.warning == null ? [] : [`warning: ${row.warning}`]),
  ];
  return `<a href="${escapeMarkup(href)}">${breakable(name)}</a> ${phaseBadge(row)} <span class="note">${escapeMarkup(facts.join(', '))}</span>`;
}

interface SpectrumChart {
  height: number;
  compact?: boolean;
  /** The epochs whose axes hold together. */
  series: readonly PageSpectrum[];
  view?: View['state']['view'];
}

/** Draws a spectrum, on axes that hold those of all its epochs; says so where its eigenvalues are not stored. */
export function drawSpectrum(
  host: HTMLElement,
  { row, histograms }: PageSpectrum,
  { state }: View,
  { height, compact = false, series, view = state.view }: SpectrumChart,
): void {
  if (histograms === null) {
    host.innerHTML = '<p class="note">The eigenvalues of this spectrum are not stored.</p>';
    return;
  }
  const epochs = series.flatMap((other) =>
    other.histograms === null ? [] : [{ row: other.row, histogram: other.histograms[view] }],
  );
  const shared = sharedScale(epochs, view);
  const plot = esdPlot(row, histograms[view], view, { compact, colors: PAGE_COLORS, shared });
  const margins = compact ? { marginBottom: 26, marginLeft: 44 } : {};
  showPlot(
    host,
    { ...plot, ...margins },
    {
      height,
      label: `Spectral density of ${titleOf(row)}`,
    },
  );
}

/** Returns where a spectrum stands, in words. */
export function titleOf({ run, layer, epoch }: PageSpectrum['row']): string {
  return [run ?? NO_RUN, layer, ...(epoch === null ? [] : [`epoch ${epoch}`])].join(', ');
}

/** Hands out the bins of spectra in the view that is shown. */
export function downloadBins({ state }: View, spectra: readonly PageSpectrum[], name: string): void {
  const records = spectra.flatMap(({ row, histograms }) =>
    (histograms?.[state.view].bins ?? []).map((bin) => [
      row.run,
      row.layer,
      row.epoch,
      bin.from,
      bin.to,
      bin.count,
      bin.density,
    ]),
  );
  download(name, ['run', 'layer', 'epoch', 'from', 'to', 'count', 'density'], records);
}
