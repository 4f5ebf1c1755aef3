import * as Plot from '@observablehq/plot';
import { alphaOfMu, finiteAlphaOfMu } from '../../spectra/laws/tailExponents.ts';
import { niceAxis } from '../../view/figures/axisTicks.ts';
import { type Figure, LAW, MUTED, TAIL } from '../../view/figures/figure.ts';
import { drawSheet } from '../../view/figures/sheet.ts';

/** The exponent of the entries of a matrix and the one fitted to its eigenvalues. */
export interface AlphaOfMu {
  mu: number;
  alpha: number;
}

const [LOW, MIDDLE, HIGH] = [0.5, 2, 3.5];
/** The lower of the authors' lines ends where the upper begins. */
const BELOW = MIDDLE - 1e-9;

/** Returns fitted alpha against mu beside the law of infinite matrices and the authors' two lines. */
export function alphaOfMuFigure(points: readonly AlphaOfMu[]): Figure {
  const x = niceAxis([LOW, HIGH]);
  const y = niceAxis([1, ...points.map(({ alpha }) => alpha)]);
  const line = (law: (mu: number) => number, from: number, to: number): AlphaOfMu[] =>
    [from, to].map((mu) => ({ mu, alpha: law(mu) }));
  return {
    name: 'alpha-of-mu',
    svg: drawSheet({
      title: 'Fitted alpha of Pareto matrices against mu',
      subtitle: 'M = 1000, Q = 2, one matrix a point',
      panels: [
        {
          plot: {
            x: { domain: [x.min, x.max], ticks: x.ticks, tickFormat: x.format, label: 'mu of the entries' },
            y: {
              domain: [y.min, y.max],
              ticks: y.ticks,
              tickFormat: y.format,
              label: 'alpha of the eigenvalues',
            },
            marks: [
              Plot.gridY(y.ticks, { stroke: '#000', strokeOpacity: 0.08 }),
              Plot.line(line(alphaOfMu, LOW, HIGH), { x: 'mu', y: 'alpha', stroke: LAW, strokeWidth: 1.8 }),
              ...[line(finiteAlphaOfMu, LOW, BELOW), line(finiteAlphaOfMu, MIDDLE, HIGH)].map((ends) =>
                Plot.line(ends, { x: 'mu', y: 'alpha', stroke: TAIL, strokeDasharray: '5 3' }),
              ),
              Plot.dot(points, { x: 'mu', y: 'alpha', r: 3, fill: MUTED }),
            ],
          },
        },
      ],
      columns: 1,
      panelWidth: 560,
      panelHeight: 360,
      legend: [
        { label: 'drawn here', color: MUTED, mark: 'dot' },
        { label: '1 + mu/2, infinitely large', color: LAW, mark: 'line' },
        { label: "the authors' two lines", color: TAIL, mark: 'dashed' },
      ],
    }),
    columns: ['mu', 'alpha'],
    rows: points.map(({ mu, alpha }) => ({ mu, alpha })),
  };
}
