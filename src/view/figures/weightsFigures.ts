import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import { depthPlot, phaseLegend } from './depthPlot.ts';
import { esdFigure } from './esdFigures.ts';
import { type Figure, fileNamePart } from './figure.ts';
import { layersFigure } from './layersFigure.ts';
import { drawSheet } from './sheet.ts';

/** A weights file: what it is called, and its layers in order. */
export interface ModelSpectra {
  name: string;
  layers: readonly { row: SpectrumRow; evals: Float64Array }[];
}

/** Returns, one after the other, histograms over all layers, alpha by depth of every model and the density of every layer. */
export function* weightsFigures(models: readonly ModelSpectra[]): Generator<Figure> {
  const all = models.flatMap(({ layers }) => layers.map(({ row }) => row));
  if (all.length > 1) yield layersFigure(all);
  for (const { name, layers } of models) {
    const rows = layers.map(({ row }) => row);
    if (rows.length > 1) {
      yield {
        name: fileNamePart(`alpha-by-depth-${name}`),
        svg: drawSheet({
          title: `Alpha by depth, ${name}`,
          subtitle: 'Dashed: 2 and 6, between which well-trained layers are expected.',
          panels: [{ plot: depthPlot(rows) }],
          columns: 1,
          panelWidth: Math.max(480, Math.min(1000, 14 * rows.length)),
          panelHeight: 280,
          legend: phaseLegend(rows),
        }),
        columns: ['layer', 'alpha', 'D', 'num_pl_spikes', 'phase', 'warning'],
        rows,
      };
    }
    for (const { row, evals } of layers) {
      yield esdFigure({ row: models.length === 1 ? row : { ...row, run: name }, evals });
    }
  }
}
