import * as Plot from '@observablehq/plot';
import { niceAxis } from '../../view/figures/axisTicks.ts';
import { type Figure, LAW, sequenceColors } from '../../view/figures/figure.ts';
import { drawSheet } from '../../view/figures/sheet.ts';

/** The exponent of samples of n values beside those fitted to them: their mean, and the ends of the band that holds 80 % of them. */
export interface FittedAlpha {
  n: number;
  alpha: number;
  fitted: number;
  low: number;
  high: number;
}

/** Returns fitted against true exponents, a line and a band a size of the sample. */
export function fittedAlphaFigure(points: readonly FittedAlpha[], draws: number): Figure {
  const sizes = [...new Set(points.map(({ n }) => n))];
  const colors = sequenceColors(sizes.length);
  const of = (size: number): FittedAlpha[] => points.filter(({ n }) => n === size);
  const x = niceAxis(points.map(({ alpha }) => alpha));
  const y = niceAxis(points.flatMap(({ low, high }) => [low, high]));
  const ends = [x.min, x.max].map((at) => ({ alpha: at, fitted: at }));
  return {
    name: 'fitted-alpha',
    svg: drawSheet({
      title: 'Fitted against true exponent, by size of the sample',
      subtitle: `means of ${draws} samples of a power law each; bands hold 80 % of them`,
      panels: [
        {
          plot: {
            x: { domain: [x.min, x.max], ticks: x.ticks, tickFormat: x.format, label: 'true alpha' },
            y: { domain: [y.min, y.max], ticks: y.ticks, tickFormat: y.format, label: 'fitted alpha' },
            marks: [
              Plot.gridY(y.ticks, { stroke: '#000', strokeOpacity: 0.08 }),
              ...sizes.map((size, i) =>
                Plot.areaY(of(size), {
                  x: 'alpha',
                  y1: 'low',
                  y2: 'high',
                  fill: colors[i]!,
                  fillOpacity: 0.13,
                }),
              ),
              Plot.line(ends, { x: 'alpha', y: 'fitted', stroke: LAW, strokeDasharray: '5 3', clip: true }),
              ...sizes.map((size, i) =>
                Plot.line(of(size), { x: 'alpha', y: 'fitted', stroke: colors[i]!, strokeWidth: 1.8 }),
              ),
            ],
          },
        },
      ],
      columns: 1,
      panelWidth: 560,
      panelHeight: 360,
      legend: [
        ...sizes.map((size, i) => ({ label: `n = ${size}`, color: colors[i]!, mark: 'line' as const })),
        { label: 'fitted = true', color: LAW, mark: 'dashed' },
      ],
    }),
    columns: ['n', 'alpha', 'fitted', 'low', 'high'],
    rows: points.map((point) => ({ ...point })),
  };
}
