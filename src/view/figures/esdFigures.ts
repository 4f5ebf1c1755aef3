import type { CsvRow } from '../../experiment/results/csvFiles.ts';
import { type EsdView, esdHistogram, type Spectrum } from './esdHistogram.ts';
import { esdLegend, esdPlot } from './esdPanels.ts';
import { type Figure, fileNamePart } from './figure.ts';
import { drawSheet } from './sheet.ts';

const COLUMNS = ['panel', 'run', 'epoch', 'layer', 'from', 'to', 'count', 'density'] as const;

/**
 * Returns one spectrum in the paper's three views: linear, zoomed at the bulk's edge, log-log with the power-law fit. `part` names its
 * files, after its layer and run when left out.
 */
export function esdFigure(
  spectrum: Spectrum,
  part = [spectrum.row.layer, spectrum.row.run].filter((text) => text !== null).join('-'),
): Figure {
  const { row } = spectrum;
  const views: (readonly [EsdView, string])[] = [
    ['linear', 'all eigenvalues'],
    ...(row.lambda_plus === null ? [] : [['edge', 'at the edge of the bulk'] as const]),
    ['log', 'log-log'],
  ];
  return {
    name: `esd-${fileNamePart(part)}`,
    svg: drawSheet({
      title: `Spectral density of ${describe(spectrum)}`,
      subtitle: factsLine(spectrum),
      panels: views.map(([view, title]) => ({
        title,
        plot: esdPlot(row, esdHistogram(spectrum, view), view),
      })),
      columns: 3,
      panelWidth: 340,
      panelHeight: 260,
      legend: esdLegend('log'),
    }),
    columns: COLUMNS,
    rows: views.flatMap(([view]) => binRows(spectrum, view)),
  };
}

/** Returns a grid of spectra in one view, a panel each, titled by `label`: by batch size, by epoch, or whatever sets them apart. */
export function esdGridFigure(
  name: string,
  title: string,
  spectra: readonly { label: string; spectrum: Spectrum }[],
  view: EsdView = 'bulk',
): Figure {
  return {
    name: fileNamePart(name),
    svg: drawSheet({
      title,
      panels: spectra.map(({ label, spectrum }) => ({
        title: label,
        plot: {
          ...esdPlot(spectrum.row, esdHistogram(spectrum, view), view, { compact: true }),
          marginBottom: 28,
          marginLeft: 44,
        },
      })),
      columns: 3,
      panelWidth: 290,
      panelHeight: 190,
      legend: esdLegend(view),
    }),
    columns: COLUMNS,
    rows: spectra.flatMap(({ spectrum }) => binRows(spectrum, view)),
  };
}

function binRows(spectrum: Spectrum, view: EsdView): CsvRow[] {
  const { run, epoch, layer } = spectrum.row;
  return esdHistogram(spectrum, view).bins.map(({ from, to, count, density }) => ({
    panel: view,
    run,
    epoch,
    layer,
    from,
    to,
    count,
    density,
  }));
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
