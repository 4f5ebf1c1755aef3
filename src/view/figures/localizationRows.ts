import { vectorLocalization } from '../../spectra/measures/localization.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import type { LocalizationRow } from './localizationFigure.ts';
import { partOf } from './spectrumParts.ts';

/**
 * Returns the localization of every eigenvector of a layer. `vectors`: row-major, one unit eigenvector of the smaller Gram matrix a
 * row, in the order of the ascending eigenvalues.
 */
export function localizationRows(
  row: SpectrumRow,
  eigenvalues: Float64Array,
  vectors: Float64Array,
): LocalizationRow[] {
  const length = vectors.length / eigenvalues.length;
  return Array.from(eigenvalues, (eigenvalue, i) => {
    const { localizationRatio, participationRatio, entropy } = vectorLocalization(
      vectors.subarray(i * length, (i + 1) * length),
    );
    return {
      run: row.run,
      epoch: row.epoch,
      layer: row.layer,
      eigenvalue,
      part: partOf(row, eigenvalue),
      localization_ratio: localizationRatio,
      participation_ratio: participationRatio,
      vector_entropy: entropy,
    };
  });
}
