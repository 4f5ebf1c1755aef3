import * as Plot from '@observablehq/plot';
import { largestOf } from '../../base/extremes.ts';
import { marchenkoPasturDensity } from '../../spectra/laws/marchenkoPastur.ts';
import { niceAxis } from './axisTicks.ts';
import type { Spectrum } from './esdHistogram.ts';
import { NO_EIGENVALUE } from './esdPanels.ts';
import { type EvenBin, evenBins } from './evenBins.ts';
import { BAR, type Figure, fileNamePart, INK, LAW } from './figure.ts';
import { inSight } from './panel.ts';
import { drawSheet, type Panel } from './sheet.ts';

const CURVE_POINTS = 200;

/**
 * Returns the histograms of the singular values of square matrices under the quarter circle of their sigma_mp, a panel a spectrum: it is the
 * Marchenko-Pastur law of Q = 1 in another variable, without the pole at 0.
 */
export function semicircleFigure(
  name: string,
  title: string,
  spectra: readonly { label: string; spectrum: Spectrum }[],
): Figure {
  const shown = spectra.map(({ label, spectrum }) => ({ label, spectrum, bins: binsOf(spectrum) }));
  return {
    name: fileNamePart(name),
    svg: drawSheet({
      title,
      panels: shown.map(({ label, spectrum, bins }): Panel => ({ title: label, plot: plot(spectrum, bins) })),
      columns: 2,
      panelWidth: 400,
      panelHeight: 250,
      legend: [
        { label: 'singular values of W', color: BAR, mark: 'fill' },
        { label: 'quarter circle of sigma_mp', color: LAW, mark: 'line' },
      ],
    }),
    columns: ['label', 'run', 'epoch', 'layer', 'from', 'to', 'count', 'density'],
    rows: shown.flatMap(({ label, spectrum: { row }, bins }) =>
      bins.map((bin) => ({ label, run: row.run, epoch: row.epoch, layer: row.layer, ...bin })),
    ),
  };
}

function binsOf({ evals }: Spectrum): EvenBin[] {
  const values = evals.map((value) => Math.sqrt(Math.max(0, value)));
  return evenBins(values, values.at(-1)!);
}

function plot({ row }: Spectrum, bins: readonly EvenBin[]): Plot.PlotOptions {
  if (bins.length === 0) return NO_EIGENVALUE;
  const sigma = row.sigma_mp;
  const curve =
    sigma === null
      ? []
      : Array.from({ length: CURVE_POINTS + 1 }, (_, i) => {
          const at = (2 * sigma * (i + 1)) / (CURVE_POINTS + 1);
          return [at, 2 * at * marchenkoPasturDensity(at ** 2, 1, sigma)] as const;
        });
  const x = niceAxis([0, bins.at(-1)!.to, ...curve.map(([at]) => at)]);
  const law = inSight(curve, [x.min, x.max]);
  const y = niceAxis([0, largestOf([...bins.map(({ density }) => density), ...law.map(([, p]) => p)])], {
    count: 4,
  });
  return {
    x: { domain: [x.min, x.max], ticks: x.ticks, tickFormat: x.format, label: 'singular value' },
    y: { domain: [y.min, y.max], ticks: y.ticks, tickFormat: y.format, label: 'density' },
    marks: [
      Plot.rect(bins, { x1: 'from', x2: 'to', y1: 0, y2: 'density', fill: BAR, insetRight: 0.3 }),
      Plot.line(law, { stroke: LAW, strokeWidth: 1.8 }),
      Plot.ruleY([0], { stroke: INK }),
    ],
  };
}
