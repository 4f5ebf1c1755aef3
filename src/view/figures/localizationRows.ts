import { vectorLocalization } from '../../spectra/measures/localization.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import type { LocalizationRow } from './localizationFigure.ts';

/**
 * Returns the localization of every eigenvector of a layer. `vectors`: row-major, one unit eigenvector of the smaller Gram matrix a
 * row, in the order of the ascending eigenvalues. A spike lies above the Tracy-Widom edge of the row, what bleeds out between it
 * and the edge of the bulk; without a Marchenko-Pastur fit all is bulk.
 */
export function localizationRows(
  row: SpectrumRow,
  eigenvalues: Float64Array,
  vectors: Float64Array,
): LocalizationRow[] {
  const length = vectors.length / eigenvalues.length;
  const edge = row.lambda_plus ?? Number.POSITIVE_INFINITY;
  const spikeEdge = row.tw_edge ?? Number.POSITIVE_INFINITY;
  return Array.from(eigenvalues, (eigenvalue, i) => {
    const { localizationRatio, participationRatio, entropy } = vectorLocalization(
      vectors.subarray(i * length, (i + 1) * length),
    );
    return {
      run: row.run,
      epoch: row.epoch,
      layer: row.layer,
      eigenvalue,
      part: eigenvalue > spikeEdge ? 'spike' : eigenvalue > edge ? 'bleeding' : 'bulk',
      localization_ratio: localizationRatio,
      participation_ratio: participationRatio,
      vector_entropy: entropy,
    };
  });
}
