import type { CsvRow } from '../../experiment/results/csvFiles.ts';
import { ESD_LEGEND, type EsdView, esdBins, esdPlot, type Spectrum, TAIL_LEGEND } from './esdPanels.ts';
import { type Figure, fileNamePart } from './figure.ts';
import { drawSheet } from './sheet.ts';

const COLUMNS = ['panel', 'run', 'epoch', 'layer', 'from', 'to', 'count', 'density'] as const;
const GRID_BINS = 50;
const EDGE_BINS = 40;
const LOG_BINS = 40;

/** Returns one spectrum in the paper's three views: linear, zoomed at the bulk's edge, log-log with the power-law fit. */
export function esdFigure(spectrum: Spectrum): Figure {
  const { row } = spectrum;
  const views: (readonly [EsdView, string, number])[] = [
    ['linear', 'all eigenvalues', 100],
    ...(row.lambda_plus === null ? [] : [['edge', 'at the edge of the bulk', EDGE_BINS] as const]),
    ['log', 'log-log', LOG_BINS],
  ];
  return {
    name: `esd-${fileNamePart([row.layer, row.run].filter((part) => part !== null).join('-'))}`,
    svg: drawSheet({
      title: `Spectral density of ${describe(spectrum)}`,
      subtitle: factsLine(spectrum),
      panels: views.map(([view, title, bins]) => ({ title, plot: esdPlot(spectrum, view, { bins }) })),
      columns: 3,
      panelWidth: 340,
      panelHeight: 260,
      legend: [...ESD_LEGEND, TAIL_LEGEND],
    }),
    columns: COLUMNS,
    rows: views.flatMap(([view, , bins]) => binRows(spectrum, view, bins)),
  };
}

/** Returns a grid of spectra in one view, a panel each, titled by `label`: by batch size, by epoch, or whatever sets them apart. */
export function esdGridFigure(
  name: string,
  title: string,
  spectra: readonly { label: string; spectrum: Spectrum }[],
  view: EsdView = 'bulk',
): Figure {
  const bins = view === 'log' ? LOG_BINS : GRID_BINS;
  return {
    name: fileNamePart(name),
    svg: drawSheet({
      title,
      panels: spectra.map(({ label, spectrum }) => ({
        title: label,
        plot: { ...esdPlot(spectrum, view, { bins, compact: true }), marginBottom: 28, marginLeft: 44 },
      })),
      columns: 3,
      panelWidth: 290,
      panelHeight: 190,
      legend: view === 'log' ? [...ESD_LEGEND, TAIL_LEGEND] : ESD_LEGEND,
    }),
    columns: COLUMNS,
    rows: spectra.flatMap(({ spectrum }) => binRows(spectrum, view, bins)),
  };
}

function binRows(spectrum: Spectrum, view: EsdView, bins: number): CsvRow[] {
  const { run, epoch, layer } = spectrum.row;
  return esdBins(spectrum, view, bins).map((bin) => ({ panel: view, run, epoch, layer, ...bin }));
}

function describe({ row }: Spectrum): string {
  const parts = [row.layer, `(${row.N} x ${row.M})`];
  if (row.run !== null) parts.push(row.run);
  if (row.epoch !== null) parts.push(`epoch ${row.epoch}`);
  return parts.join(' ');
}

function factsLine({ row }: Spectrum): string {
  const show = (value: number | null, digits: number): string =>
    value === null
      ? 'none'
      : Math.abs(value) < 10 ** (1 - digits)
        ? String(Number(value.toPrecision(2)))
        : value.toFixed(digits);
  return [
    `phase ${row.phase ?? 'none'}${row.phase_ambiguous === true ? ' (ambiguous)' : ''}`,
    `sigma ${show(row.sigma_mp, 4)}`,
    `bulk edge ${show(row.lambda_plus, 3)}`,
    `spikes ${row.num_spikes ?? 'none'}`,
    `soft rank ${show(row.mp_softrank, 3)}`,
    `alpha ${show(row.alpha, 2)} (D ${show(row.D, 3)}, ${row.fit})`,
    'eigenvalues of W^T W, no 1/N',
  ].join(', ');
}
