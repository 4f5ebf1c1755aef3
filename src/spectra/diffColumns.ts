import { COLUMN_OF, type Column, namesOf, type RowOf, SPECTRUM_COLUMNS } from './columns.ts';

/** Columns of a row of `diff`, in file order; those of spectra.csv for B - A follow, each as `delta_...`. Singular vectors: of the `top` largest. */
// biome-ignore format: a table reads line by line
export const DIFF_COLUMNS = [
  ['layer', 'text', 'layer', '', 'name of the layer in A'],
  ['layer_b', 'text', 'layer in B', '', 'its name in B, which may stand in other wrappers (`model.`, `module.`)'],
  ['N', 'integer', 'N', '', 'longer side of W'],
  ['M', 'integer', 'M', '', 'shorter side of W'],
  ['frobenius_a', 'number', 'norm of A', 'w', 'Frobenius norm of A, of all its matrices together'],
  ['frobenius_b', 'number', 'norm of B', 'w', 'that of B'],
  ['frobenius_delta', 'number', 'norm of B - A', 'w', 'that of the difference'],
  ['relative_change', 'number | null', 'relative change', '', 'frobenius_delta / frobenius_a'],
  ['relative_spectral', 'number | null', 'relative spectral change', '', 'largest singular value of the difference over that of A'],
  ['cosine', 'number | null', 'cosine', '', 'sum a b / (frobenius_a frobenius_b) over the entries'],
  ['alpha_a', 'number | null', 'alpha of A', '', 'exponent of the tail of A'],
  ['alpha_b', 'number | null', 'alpha of B', '', 'that of B'],
  ['alpha_change', 'number | null', 'change of alpha', '', 'alpha_b - alpha_a'],
  ['phase_a', 'text | null', 'phase of A', '', 'as if A were looked at alone'],
  ['phase_b', 'text | null', 'phase of B', '', 'as if B were looked at alone'],
  ['top', 'integer | null', 'directions', '', 'k, the leading singular vectors compared; of a convolution of each of its matrices, and the overlaps are means over these'],
  ['overlap_short', 'number | null', 'overlap, shorter side', '', 'mean squared cosine of the angles between the spaces of the k leading singular vectors of A and of B, on the side of M: 1 the same space'],
  ['overlap_long', 'number | null', 'overlap, longer side', '', 'the same on the side of N'],
  ['delta_overlap_short', 'number | null', 'overlap of the change, shorter side', '', 'the same of A and of B - A: how far the change lies in the leading directions of A'],
  ['delta_overlap_long', 'number | null', 'overlap of the change, longer side', '', 'the same on the side of N'],
  ['chance_short', 'number | null', 'overlap by chance, shorter side', '', 'k / M, what two random spaces have'],
  ['chance_long', 'number | null', 'overlap by chance, longer side', '', 'k / N'],
] as const satisfies readonly Column[];

/** The columns of `diff` that spectra.csv has not, by name. */
export const DIFF_COLUMN_OF: ReadonlyMap<string, Column> = new Map(
  DIFF_COLUMNS.filter(([name]) => !COLUMN_OF.has(name)).map((column) => [column[0], column]),
);

/** The difference of one layer of two models. */
export type DiffRow = RowOf<typeof DIFF_COLUMNS> & Record<string, string | number | boolean | null>;

/** What a row of spectra.csv says of its place is said above. */
const PLACE: readonly string[] = ['run', 'epoch', 'layer', 'N', 'M'];

/** Returns the columns of spectra.csv that a row of `diff` has for B - A, by their names there. */
export const DELTA_COLUMNS = namesOf(SPECTRUM_COLUMNS).filter((name) => !PLACE.includes(name));
