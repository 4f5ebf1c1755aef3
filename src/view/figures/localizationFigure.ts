import * as Plot from '@observablehq/plot';
import { niceAxis } from './axisTicks.ts';
import { type Figure, fileNamePart } from './figure.ts';
import { drawSheet, type Panel } from './sheet.ts';
import { PARTS, type SpectrumPart } from './spectrumParts.ts';

/** Localization of one eigenvector of W^T W and the part of the spectrum its eigenvalue is in. */
export interface LocalizationRow {
  eigenvalue: number;
  part: SpectrumPart;
  localization_ratio: number;
  participation_ratio: number;
  vector_entropy: number;
  [extra: string]: string | number | boolean | null;
}

const MEASURES = [
  ['vector_entropy', 'vector entropy'],
  ['localization_ratio', 'localization ratio'],
  ['participation_ratio', 'participation ratio'],
] as const;
const BINS = 25;

/** Returns, a measure a panel, the densities of the bulk's, the bleeding-out and the spikes' eigenvectors, each of area 1. */
export function localizationFigure(name: string, title: string, rows: readonly LocalizationRow[]): Figure {
  const parts = PARTS.filter(([part]) => rows.some((row) => row.part === part));
  const panels = MEASURES.map(([column, label]): Panel => {
    if (rows.length === 0) {
      return { plot: { axis: null, marks: [Plot.text(['no eigenvectors'], { frameAnchor: 'middle' })] } };
    }
    const axis = niceAxis(rows.map((row) => row[column]));
    const width = (axis.max - axis.min) / BINS;
    const bins = parts.flatMap(([part, color]) => {
      const own = rows.filter((row) => row.part === part);
      const counts = new Array<number>(BINS).fill(0);
      for (const row of own) counts[Math.min(BINS - 1, Math.floor((row[column] - axis.min) / width))]!++;
      return counts.map((count, i) => ({
        part,
        color,
        from: axis.min + i * width,
        to: axis.min + (i + 1) * width,
        density: count / own.length / width,
      }));
    });
    const y = niceAxis([0, ...bins.map((bin) => bin.density)], { count: 4 });
    return {
      plot: {
        x: { domain: [axis.min, axis.max], ticks: axis.ticks, tickFormat: axis.format, label },
        y: { domain: [y.min, y.max], ticks: y.ticks, tickFormat: y.format, label: 'density' },
        marks: [
          ...parts.map(([part, color]) =>
            Plot.rectY(
              bins.filter((bin) => bin.part === part && bin.density > 0),
              { x1: 'from', x2: 'to', y: 'density', fill: color, fillOpacity: 0.6, stroke: color },
            ),
          ),
        ],
      },
    };
  });
  return {
    name: fileNamePart(name),
    svg: drawSheet({
      title,
      panels,
      columns: 3,
      panelWidth: 320,
      panelHeight: 250,
      legend: parts.map(([part, color]) => ({
        label: `${part} (${rows.filter((row) => row.part === part).length})`,
        color,
        mark: 'fill',
      })),
    }),
    columns: [
      ...Object.keys(rows[0] ?? {}).filter((key) => ['run', 'epoch', 'layer'].includes(key)),
      'eigenvalue',
      'part',
      ...MEASURES.map(([column]) => column),
    ],
    rows,
  };
}
