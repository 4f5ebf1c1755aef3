import * as Plot from '@observablehq/plot';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import { niceAxis } from './axisTicks.ts';
import { emptyPlot } from './curvesPlot.ts';
import { BAR, type Figure, INK } from './figure.ts';
import { drawSheet, type Panel } from './sheet.ts';

const BINS = 30;

interface LayerBin {
  panel: 'alpha' | 'sv_min';
  from: number;
  to: number;
  layers: number;
}

/**
 * Returns the histograms over the layers of all models of alpha and of the smallest singular value of W, as in the
 * All-pytorch-models notebook; the title of a panel has the number of layers, and of those that lose rank. Layers without a value
 * are left out of their panel.
 */
export function layersFigure(rows: readonly SpectrumRow[]): Figure {
  const alphas = rows.flatMap(({ alpha }) => alpha ?? []);
  const smallest = rows.map(({ sv_min }) => sv_min);
  const lost = rows.filter(({ rank_loss }) => rank_loss > 0).length;
  const drawn = [
    { panel: 'alpha', values: alphas, label: 'alpha', title: `${alphas.length} layers` },
    {
      panel: 'sv_min',
      values: smallest,
      label: 'smallest singular value',
      title: `${smallest.length} layers, ${lost} of less than full rank`,
    },
  ] as const;
  const bins = drawn.map(({ panel, values }) => histogram(panel, values));
  return {
    name: 'alpha-over-layers',
    svg: drawSheet({
      title: 'Alpha and smallest singular value over all layers',
      panels: drawn.map(({ label, title }, i): Panel => ({ title, plot: layersPlot(bins[i]!, label) })),
      columns: 2,
      panelWidth: 400,
      panelHeight: 260,
      legend: [],
    }),
    columns: ['panel', 'from', 'to', 'layers'],
    rows: bins.flatMap((list) => list.map((bin) => ({ ...bin }))),
  };
}

function histogram(panel: LayerBin['panel'], values: readonly number[]): LayerBin[] {
  if (values.length === 0) return [];
  const { min, max } = niceAxis(values, { from: 0 });
  const width = (max - min) / BINS;
  const counts = new Uint32Array(BINS);
  for (const value of values) counts[Math.min(BINS - 1, Math.floor((value - min) / width))]!++;
  return Array.from(counts, (layers, i) => ({
    panel,
    from: min + i * width,
    to: min + (i + 1) * width,
    layers,
  }));
}

function layersPlot(bins: readonly LayerBin[], label: string): Plot.PlotOptions {
  if (bins.length === 0) return emptyPlot(`no layer has an ${label}`);
  const x = niceAxis(bins.flatMap(({ from, to }) => [from, to]));
  const y = niceAxis([0, ...bins.map(({ layers }) => layers)], { count: 4 });
  return {
    x: { domain: [x.min, x.max], ticks: x.ticks, tickFormat: x.format, label },
    y: {
      domain: [y.min, y.max],
      ticks: y.ticks.filter(Number.isInteger),
      tickFormat: String,
      label: 'layers',
    },
    marks: [
      Plot.rect(
        bins.filter(({ layers }) => layers > 0),
        { x1: 'from', x2: 'to', y1: 0, y2: 'layers', fill: BAR, insetRight: 0.4 },
      ),
      Plot.ruleY([0], { stroke: INK }),
    ],
  };
}
