import type * as Plot from '@observablehq/plot';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import { type Curve, type CurvesOptions, curvesPlot } from './curvesPlot.ts';
import { type FigureColors, PAPER } from './figure.ts';
import { depthScale } from './scales.ts';
import type { LegendEntry } from './sheet.ts';

interface ChangeOptions extends Pick<CurvesOptions, 'href' | 'describe'> {
  colors?: FigureColors;
}

/** Returns the plots of what changed between two models against the place of a layer: rows of B - A with the columns of `diff`. */
export function changePlots(
  rows: readonly SpectrumRow[],
  { colors = PAPER, ...links }: ChangeOptions = {},
): { title: string; plot: Plot.PlotOptions }[] {
  const { ofA, ofB, ofChange, ofChance } = lines(colors);
  const curve = (style: LegendEntry, column: string, label: string): Curve => ({
    label,
    color: style.color,
    dash: style.mark === 'dashed' ? '5 3' : 'none',
    points: rows.flatMap((row, i) => {
      const y = row[column];
      return typeof y === 'number' ? [{ x: i + 1, y, low: null, high: null }] : [];
    }),
  });
  const panels: [title: string, label: string, curves: Curve[]][] = [
    ['Size of the change', '|B - A| / |A|', [curve(ofChange, 'relative_change', 'relative change')]],
    [
      'Alpha',
      'alpha',
      [
        curve(ofA, 'alpha_a', 'alpha of A'),
        curve(ofB, 'alpha_b', 'alpha of B'),
        curve(ofChange, 'alpha', 'alpha of B - A'),
      ],
    ],
    [
      'Change of alpha',
      'alpha of B - alpha of A',
      [curve({ ...ofChance, mark: 'line' }, 'alpha_change', 'change of alpha')],
    ],
    [
      'Overlap of the leading directions with those of A',
      'overlap',
      [
        curve(ofChance, 'chance_short', 'overlap by chance'),
        curve(ofB, 'overlap_short', 'overlap of B with A'),
        curve(ofChange, 'delta_overlap_short', 'overlap of B - A with A'),
      ],
    ],
  ];
  return panels.map(([title, label, curves]) => ({
    title,
    plot: curvesPlot(curves, { x: depthScale(rows.length), label, colors, dots: true, ...links }),
  }));
}

/** Returns what the lines of these plots stand for. */
export const changeLegend = (colors: FigureColors = PAPER): LegendEntry[] => Object.values(lines(colors));

function lines(colors: FigureColors): Record<'ofA' | 'ofB' | 'ofChange' | 'ofChance', LegendEntry> {
  const [a, b, change] = colors.sequence(3) as [string, string, string];
  return {
    ofA: { label: 'A', color: a, mark: 'line' },
    ofB: { label: 'B', color: b, mark: 'line' },
    ofChange: { label: 'B - A', color: change, mark: 'line' },
    ofChance: { label: 'two random spaces', color: colors.muted, mark: 'dashed' },
  };
}
