import * as Plot from '@observablehq/plot';
import { largestOf, smallestOf } from '../../base/extremes.ts';
import { logLabel, logTicks } from './axisTicks.ts';
import { bandNote, type CurvePoint, meanCurve } from './curvesPlot.ts';
import type { Spectrum } from './esdHistogram.ts';
import { type Figure, fileNamePart, sequenceColors } from './figure.ts';
import { drawSheet, type Panel } from './sheet.ts';

/** Smaller shares of the largest singular value are not drawn on the logarithmic panel. */
const FLOOR = 1e-4;

/**
 * Returns the scree plot: singular values of W from the largest down, linear and log-log. A line is of one spectrum, or the mean over the
 * spectra of runs that differ by seed alone, with the band of one standard deviation.
 */
export function screeFigure(
  name: string,
  title: string,
  curves: readonly { label: string; spectra: readonly Spectrum[] }[],
): Figure {
  const colors = sequenceColors(curves.length);
  const rows = curves.flatMap(({ label, spectra }) =>
    spectra.flatMap(({ row, evals }) =>
      Array.from(evals, (_, i) => ({
        label,
        run: row.run,
        epoch: row.epoch,
        layer: row.layer,
        rank: i + 1,
        singular_value: Math.sqrt(evals[evals.length - 1 - i]!),
      })),
    ),
  );
  const means = curves.map((curve) =>
    meanCurve(
      rows.flatMap(({ label, rank, singular_value }) =>
        label === curve.label ? [[rank, singular_value] as const] : [],
      ),
    ),
  );
  const largest = Math.max(largestOf(rows.map((row) => row.singular_value)), Number.MIN_VALUE);
  const most = Math.max(largestOf(rows.map((row) => row.rank)), 2);
  const lines = (floor: number): Plot.Markish[] =>
    means.flatMap((points, i) => {
      const drawn = points.filter(({ y }) => y > floor);
      const band = drawn.filter(({ low }) => low !== null);
      return [
        Plot.areaY(band, {
          x: 'x',
          y1: ({ low }: CurvePoint) => Math.max(low!, floor),
          y2: 'high',
          fill: colors[i]!,
          fillOpacity: 0.18,
        }),
        Plot.line(drawn, { x: 'x', y: 'y', stroke: colors[i]!, strokeWidth: 1.8 }),
      ];
    });
  const smallest = Math.max(
    largest * FLOOR,
    Math.min(smallestOf(rows.map((row) => row.singular_value).filter((value) => value > 0)), largest / 2),
  );
  const panels: Panel[] = [
    {
      plot: {
        x: { label: 'rank' },
        y: { label: 'singular value', domain: [0, largest * 1.04] },
        marks: [...lines(-1)],
      },
    },
    {
      plot: {
        x: {
          type: 'log',
          domain: [1, most],
          label: 'rank (log)',
          ticks: logTicks(1, most),
          tickFormat: logLabel,
        },
        y: {
          type: 'log',
          domain: [smallest, largest * 1.1],
          label: 'singular value (log)',
          ticks: logTicks(smallest, largest * 1.1),
          tickFormat: logLabel,
        },
        marks: [...lines(smallest)],
      },
    },
  ];
  return {
    name: fileNamePart(name),
    svg: drawSheet({
      title,
      ...bandNote(means),
      panels,
      columns: 2,
      panelWidth: 400,
      panelHeight: 270,
      legend: curves.map(({ label }, i) => ({ label, color: colors[i]!, mark: 'line' })),
    }),
    columns: ['label', 'run', 'epoch', 'layer', 'rank', 'singular_value'],
    rows,
  };
}
