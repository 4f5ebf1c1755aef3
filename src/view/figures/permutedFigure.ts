import * as Plot from '@observablehq/plot';
import { largestOf } from '../../base/extremes.ts';
import { marchenkoPasturDensity, marchenkoPasturEdges } from '../../spectra/laws/marchenkoPastur.ts';
import { niceAxis } from './axisTicks.ts';
import { type EvenBin, evenBins } from './evenBins.ts';
import { BAR, type Figure, fileNamePart, INK, LAW, SPIKE } from './figure.ts';
import { inSight } from './panel.ts';
import { drawSheet, type Panel } from './sheet.ts';

const CURVE_POINTS = 300;

/** A layer beside copies of it whose entries are permuted, all of one shape. */
export interface PermutedLayer {
  run: string;
  epoch: number;
  layer: string;
  Q: number;
  /** Eigenvalues of the layer, and of all copies together. */
  evals: Float64Array;
  permuted: Float64Array;
  copies: number;
  /** The authors' sigma: of the law that ends at the largest eigenvalue of the copies. */
  sigmaShuf: number;
}

/** Returns the spectrum of a layer, and below it on the same axis that of its permuted copies under the law that ends where they do. */
export function permutedFigure(shown: PermutedLayer): Figure {
  const { run, epoch, layer, Q, evals, permuted, copies, sigmaShuf } = shown;
  const end = largestOf([evals.at(-1)!, permuted.at(-1)!]);
  const panels = [
    { panel: 'layer', title: 'W', values: evals, color: SPIKE },
    {
      panel: 'permuted',
      title: `entries permuted, ${copies} copies pooled: sigma_shuf ${sigmaShuf.toFixed(4)}`,
      values: permuted,
      color: BAR,
    },
  ].map((one) => ({ ...one, bins: evenBins(one.values, end) }));
  const law = lawCurve(Q, sigmaShuf);
  return {
    name: fileNamePart(`permuted-${layer}-${run}`),
    svg: drawSheet({
      title: `${layer} and its entries permuted, ${run}, epoch ${epoch}`,
      panels: panels.map(({ title, bins, color }): Panel => ({ title, plot: plot(bins, color, law, end) })),
      columns: 1,
      panelWidth: 620,
      panelHeight: 220,
      legend: [{ label: 'Marchenko-Pastur law of sigma_shuf', color: LAW, mark: 'line' }],
    }),
    columns: ['panel', 'run', 'epoch', 'layer', 'from', 'to', 'count', 'density'],
    rows: panels.flatMap(({ panel, bins }) => bins.map((bin) => ({ panel, run, epoch, layer, ...bin }))),
  };
}

function lawCurve(Q: number, sigma: number): (readonly [number, number])[] {
  const { lambdaMinus, lambdaPlus } = marchenkoPasturEdges(Q, sigma);
  return Array.from({ length: CURVE_POINTS }, (_, i) => {
    const at = lambdaMinus + ((lambdaPlus - lambdaMinus) * (i + 0.5)) / CURVE_POINTS;
    return [at, marchenkoPasturDensity(at, Q, sigma)] as const;
  });
}

function plot(
  bins: readonly EvenBin[],
  color: string,
  law: readonly (readonly [number, number])[],
  end: number,
): Plot.PlotOptions {
  const x = niceAxis([0, end]);
  // The law of a square matrix has a pole at 0: the bars set the height.
  const y = niceAxis([0, 1.1 * largestOf(bins.map(({ density }) => density))], { count: 4 });
  return {
    x: { domain: [x.min, x.max], ticks: x.ticks, tickFormat: x.format, label: 'eigenvalue' },
    y: { domain: [y.min, y.max], ticks: y.ticks, tickFormat: y.format, label: 'density' },
    marks: [
      Plot.rect(bins, { x1: 'from', x2: 'to', y1: 0, y2: 'density', fill: color, insetRight: 0.3 }),
      Plot.line(inSight(law, [x.min, x.max]), { stroke: LAW, strokeWidth: 1.8, clip: true }),
      Plot.ruleY([0], { stroke: INK }),
    ],
  };
}
