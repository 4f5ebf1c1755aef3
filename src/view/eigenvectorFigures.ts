import { existsSync } from 'node:fs';
import { openSafetensors } from '../base/safetensors/safetensors.ts';
import { lastEpochRows } from '../experiment/results/joinRows.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import type { Results } from '../experiment/results/readResults.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import type { Figure } from './figures/figure.ts';
import { localizationFigure } from './figures/localizationFigure.ts';
import { localizationRows } from './figures/localizationRows.ts';

/**
 * Returns a figure of eigenvector localization for every run and dense layer whose last analyzed snapshot is still there. The
 * eigenvectors are computed here: seconds a layer of 500 columns.
 */
export function* eigenvectorFigures(results: Results, algebra: LinearAlgebra): Generator<Figure> {
  const layout = resultsLayout(results.dir);
  for (const row of lastEpochRows(results.spectra)) {
    if (row.run === null || row.epoch === null) continue;
    const path = layout.run(row.run).snapshot(row.epoch);
    if (!existsSync(path)) continue;
    const file = openSafetensors(path);
    try {
      if (!file.names.includes(row.layer)) continue;
      const { shape, data } = file.read(row.layer);
      if (shape.length !== 2 || !(data instanceof Float32Array || data instanceof Float64Array)) continue;
      const { eigenvalues, vectors } = algebra.eigenvectors(data, shape[0]!, shape[1]!);
      yield localizationFigure(
        `localization-${row.layer}-${row.run}`,
        `Localization of the eigenvectors of ${row.layer}, ${row.run}, epoch ${row.epoch}`,
        localizationRows(row, eigenvalues, vectors),
      );
    } finally {
      file.close();
    }
  }
}
