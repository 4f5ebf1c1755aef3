import * as Plot from '@observablehq/plot';
import { PHASES } from '../../spectra/phase.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import { niceAxis } from './axisTicks.ts';
import { emptyPlot } from './curvesPlot.ts';
import { type FigureColors, PAPER } from './figure.ts';
import { depthScale } from './scales.ts';
import type { LegendEntry } from './sheet.ts';

/** Between these the authors' theory expects the alpha of a well-trained layer. */
const WELL_TRAINED = [2, 6] as const;

export interface DepthOptions {
  colors?: FigureColors;
  href?: (row: SpectrumRow) => string;
  describe?: (row: SpectrumRow) => string;
}

/** Returns the plot of alpha against the place of a layer in its model, a dot a layer in the colour of its phase. */
export function depthPlot(
  rows: readonly SpectrumRow[],
  { colors = PAPER, href, describe }: DepthOptions = {},
): Plot.PlotOptions {
  const points = rows
    .map((row, i) => ({ ...row, depth: i + 1 }) as SpectrumRow & { depth: number })
    .filter(({ alpha }) => alpha !== null);
  if (points.length === 0) return emptyPlot('no layer has an alpha');
  const y = niceAxis([...points.map(({ alpha }) => alpha!), ...WELL_TRAINED], { from: 1 });
  return {
    x: depthScale(rows.length),
    y: { domain: [y.min, y.max], ticks: y.ticks, tickFormat: y.format, label: 'alpha' },
    marks: [
      Plot.gridY(y.ticks, { stroke: colors.ink, strokeOpacity: 0.08 }),
      Plot.ruleY(WELL_TRAINED, { stroke: colors.muted, strokeDasharray: '4 3' }),
      Plot.line(points, { x: 'depth', y: 'alpha', stroke: colors.muted, strokeOpacity: 0.4 }),
      Plot.dot(points, {
        x: 'depth',
        y: 'alpha',
        r: rows.length > 80 ? 3 : 5,
        fill: (row: SpectrumRow) => (row.phase === null ? colors.paper : colors.phase(row.phase)),
        stroke: colors.ink,
        strokeWidth: 0.8,
        ...(href === undefined ? {} : { href }),
        ...(describe === undefined ? {} : { ariaLabel: describe, title: describe }),
      }),
    ],
  };
}

/** Returns the legend of the phases that rows have. */
export function phaseLegend(rows: readonly SpectrumRow[], colors: FigureColors = PAPER): LegendEntry[] {
  return PHASES.filter((phase) => rows.some((row) => row.phase === phase)).map((phase) => ({
    label: phase,
    color: colors.phase(phase),
    mark: 'fill',
  }));
}
