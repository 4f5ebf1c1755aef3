import { escapeMarkup } from '../../../base/escapeMarkup.ts';
import { esdLegend, esdPlot, sharedScale } from '../../figures/esdPanels.ts';
import { legendList, phaseBadge, showNumber } from '../content/html.ts';
import { NO_RUN, type PageSpectrum } from '../content/pageData.ts';
import { spectrumAt } from '../content/pageIndex.ts';
import { stateFragment } from '../content/pageState.ts';
import { PAGE_COLORS, showPlot } from './chart.ts';
import { byId, download } from './dom.ts';
import type { Part, View } from './view.ts';

/** More panels than this are not read side by side. */
const MOST_PANELS = 24;
const HEIGHT = 190;

/** Returns the part that draws the density of each setting at the chosen epoch, the axes of a panel the same at every epoch. */
export function densitiesPart(): Part {
  const grid = byId('density-grid');
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
    const shown = shownSpectra(view);
    byId('densities-note').textContent =
      shown.length > MOST_PANELS
        ? `The first ${MOST_PANELS} of ${shown.length} settings; the CSV has all.`
        : 'The fitted law is scaled to the share of eigenvalues that are not spikes. A click on a name shows its evidence.';
    while (grid.children.length > Math.min(shown.length, MOST_PANELS)) grid.lastElementChild!.remove();
    while (grid.children.length < Math.min(shown.length, MOST_PANELS)) {
      const figure = document.createElement('figure');
      figure.append(document.createElement('figcaption'), document.createElement('div'));
      grid.append(figure);
    }
    shown.slice(0, MOST_PANELS).forEach(({ spectrum, series }, i) => {
      const [caption, chart] = grid.children[i]!.children as unknown as [HTMLElement, HTMLElement];
      caption.innerHTML = captionOf(spectrum, view);
      drawSpectrum(chart, spectrum, view, { height: HEIGHT, compact: true, series });
    });
    byId('densities-legend').innerHTML = legendList(esdLegend(view.state.view, PAGE_COLORS));
  };
}

interface ShownSpectrum {
  spectrum: PageSpectrum;
  series: readonly PageSpectrum[];
}

/** One run of each setting, the first seed, at the chosen epoch. */
function shownSpectra({ index, layer, state }: View): ShownSpectrum[] {
  const seen = new Set<string>();
  return index.runs.flatMap((run) => {
    const series = index.series(run.id, layer);
    const spectrum = spectrumAt(series, state.epoch);
    if (spectrum === undefined || seen.has(run.group)) return [];
    seen.add(run.group);
    return [{ spectrum, series }];
  });
}

function captionOf({ row }: PageSpectrum, { index, state, layer }: View): string {
  const href = stateFragment({ ...state, run: row.run ?? NO_RUN, layer, epoch: row.epoch });
  const facts = [
    `epoch ${showNumber(row.epoch)}`,
    `alpha ${showNumber(row.alpha)}`,
    ...(row.num_spikes === null ? [] : [`${row.num_spikes} above the edge`]),
  ];
  return `<a href="${escapeMarkup(href)}">${escapeMarkup(row.run === null ? NO_RUN : index.label(row.run))}</a> ${phaseBadge(row)} <span class="note">${facts.join(', ')}</span>`;
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
      label: `Spectral density of ${row.run ?? NO_RUN}, ${row.layer}, epoch ${showNumber(row.epoch)}`,
    },
  );
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
