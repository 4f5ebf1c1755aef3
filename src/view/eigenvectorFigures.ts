import type { Results } from '../experiment/results/readResults.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import type { Figure } from './figures/figure.ts';
import { localizationFigure } from './figures/localizationFigure.ts';
import { localizationRows } from './figures/localizationRows.ts';
import { lastWeights } from './lastWeights.ts';

/**
 * Returns a figure of eigenvector localization for every run and dense layer whose last analyzed snapshot is still there. The
 * eigenvectors are computed here: seconds a layer of 500 columns.
 */
export function* eigenvectorFigures(results: Results, algebra: LinearAlgebra): Generator<Figure> {
  for (const { row, rows, cols, W } of lastWeights(results)) {
    const { eigenvalues, vectors } = algebra.eigenvectors(W, rows, cols);
    yield localizationFigure(
      `localization-${row.layer}-${row.run}`,
      `Localization of the eigenvectors of ${row.layer}, ${row.run}, epoch ${row.epoch}`,
      localizationRows(row, eigenvalues, vectors),
    );
  }
}
