import type { OptionColumn, RowOf, SPECTRUM_COLUMNS } from './columns.ts';

/**
 * One row of spectra.csv: a (run, epoch, layer). Keys are the column names, WeightWatcher's where the quantity is the same.
 * A quantity that cannot be had is null and its reason stands in `notes`. Eigenvalues are of W^T W (no 1/N).
 */
export type SpectrumRow = RowOf<typeof SPECTRUM_COLUMNS> &
  Partial<RowOf<readonly OptionColumn[]>> & {
    /** What the file of another version has besides. */
    [other: string]: string | number | boolean | null;
  };
