import * as Plot from '@observablehq/plot';
import { largestOf, smallestOf } from '../../base/extremes.ts';
import { logLabel, logTicks } from './axisTicks.ts';
import type { Spectrum } from './esdHistogram.ts';
import { type Figure, fileNamePart, sequenceColors } from './figure.ts';
import { drawSheet, type Panel } from './sheet.ts';

/** Smaller shares of the largest singular value are not drawn on the logarithmic panel. */
const FLOOR = 1e-4;

/** Returns the scree plot: singular values of W from the largest down, linear and log-log, one line a spectrum. */
export function screeFigure(
  name: string,
  title: string,
  spectra: readonly { label: string; spectrum: Spectrum }[],
): Figure {
  const colors = sequenceColors(spectra.length);
  const rows = spectra.flatMap(({ label, spectrum: { row, evals } }) =>
    Array.from(evals, (_, i) => ({
      label,
      run: row.run,
      epoch: row.epoch,
      layer: row.layer,
      rank: i + 1,
      singular_value: Math.sqrt(evals[evals.length - 1 - i]!),
    })),
  );
  const largest = Math.max(largestOf(rows.map((row) => row.singular_value)), Number.MIN_VALUE);
  const most = Math.max(largestOf(rows.map((row) => row.rank)), 2);
  const lines = (floor: number): Plot.Markish[] =>
    spectra.map(({ label }, i) =>
      Plot.line(
        rows.filter((row) => row.label === label && row.singular_value > floor),
        { x: 'rank', y: 'singular_value', stroke: colors[i]!, strokeWidth: 1.8 },
      ),
    );
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
      panels,
      columns: 2,
      panelWidth: 400,
      panelHeight: 270,
      legend: spectra.map(({ label }, i) => ({ label, color: colors[i]!, mark: 'line' })),
    }),
    columns: ['label', 'run', 'epoch', 'layer', 'rank', 'singular_value'],
    rows,
  };
}
