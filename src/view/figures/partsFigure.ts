import * as Plot from '@observablehq/plot';
import { largestOf } from '../../base/extremes.ts';
import { niceAxis } from './axisTicks.ts';
import { ESD_VIEWS, type EsdView, type Spectrum, spectrumEnds, viewRange } from './esdHistogram.ts';
import { type Figure, fileNamePart, INK } from './figure.ts';
import { drawSheet, type Panel } from './sheet.ts';
import { PARTS, partOf, type SpectrumPart } from './spectrumParts.ts';

const VIEWS = [
  ['linear', 'all eigenvalues'],
  ['edge', 'at the edge of the bulk'],
] as const;

interface PartBin {
  panel: EsdView;
  from: number;
  to: number;
  part: SpectrumPart;
  count: number;
  /** Of all eigenvalues of all spectra: those of the three parts together have area 1. */
  density: number;
}

/**
 * Returns the density of spectra pooled (runs of one setting), with bulk, bleeding and spikes in colours of their own, as in the Ensemble
 * notebook. Each eigenvalue is in the part that the edges of its own run put it in, so colours overlap where runs differ.
 */
export function partsFigure(name: string, title: string, spectra: readonly Spectrum[]): Figure {
  const pooled = spectra.flatMap(({ row, evals }) =>
    Array.from(evals, (value) => ({ value, part: partOf(row, value) })),
  );
  const bins = VIEWS.map(([view]) => partBins(view, spectra, pooled));
  return {
    name: fileNamePart(name),
    svg: drawSheet({
      title,
      subtitle: `${spectra.length === 1 ? 'one run' : `${spectra.length} runs pooled`}, eigenvalues of W^T W, no 1/N`,
      panels: VIEWS.map(([, label], i): Panel => ({ title: label, plot: partsPlot(bins[i]!) })),
      columns: 2,
      panelWidth: 400,
      panelHeight: 270,
      legend: PARTS.map(([part, color]) => ({
        label: `${part} (${pooled.filter((one) => one.part === part).length})`,
        color,
        mark: 'fill',
      })),
    }),
    columns: ['panel', 'from', 'to', 'part', 'count', 'density'],
    rows: bins.flatMap((list) => list.map((bin) => ({ ...bin }))),
  };
}

/** Every bin of a view, once for each part that has eigenvalues in it. */
function partBins(
  view: EsdView,
  spectra: readonly Spectrum[],
  pooled: readonly { value: number; part: SpectrumPart }[],
): PartBin[] {
  const ends = spectra.map(spectrumEnds);
  const edges = ends.flatMap(({ lambdaPlus }) => (lambdaPlus === null ? [] : [lambdaPlus]));
  const [from, end] = viewRange(view, {
    lambdaPlus: edges.length === 0 ? null : edges.reduce((sum, edge) => sum + edge, 0) / edges.length,
    smallest: 0,
    largest: largestOf(ends.map(({ largest }) => largest)),
  });
  if (!(end > from)) return [];
  const count = ESD_VIEWS[view];
  const width = (end - from) / count;
  return PARTS.flatMap(([part]) => {
    const counts = new Uint32Array(count);
    for (const one of pooled) {
      if (one.part !== part || one.value < from || one.value > end) continue;
      counts[Math.min(count - 1, Math.floor((one.value - from) / width))]!++;
    }
    return [...counts.entries()]
      .filter(([, inBin]) => inBin > 0)
      .map(([i, inBin]) => ({
        panel: view,
        from: from + i * width,
        to: from + (i + 1) * width,
        part,
        count: inBin,
        density: inBin / pooled.length / width,
      }));
  });
}

function partsPlot(bins: readonly PartBin[]): Plot.PlotOptions {
  if (bins.length === 0) {
    return { axis: null, marks: [Plot.text(['no eigenvalue above 0'], { frameAnchor: 'middle' })] };
  }
  const heights = new Map<number, number>();
  const bars = bins.map(({ from, to, part, density }) => {
    const low = heights.get(from) ?? 0;
    heights.set(from, low + density);
    return { from, to, low, high: low + density, color: PARTS.find(([known]) => known === part)![1] };
  });
  const x = niceAxis(bins.flatMap(({ from, to }) => [from, to]));
  const y = niceAxis([0, ...heights.values()], { count: 4 });
  return {
    x: { domain: [x.min, x.max], ticks: x.ticks, tickFormat: x.format, label: 'eigenvalue' },
    y: { domain: [y.min, y.max], ticks: y.ticks, tickFormat: y.format, label: 'density' },
    marks: [
      Plot.rect(bars, { x1: 'from', x2: 'to', y1: 'low', y2: 'high', fill: 'color', insetRight: 0.3 }),
      Plot.ruleY([0], { stroke: INK }),
    ],
  };
}
