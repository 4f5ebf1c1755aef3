/** Side of the square tiles of the image that are transformed. */
export const TILE = 6;

/**
 * Where the polynomials are evaluated, beside infinity. Rounding of float32 costs 1e-6 of the norm of the result here, 2.2e-6 with the
 * customary 0, +-1, +-2 (five by five kernels, 96 channels); 0, +-5/8, +-11/8 are as good as these.
 */
const POINTS = [0, 0.75, -0.75, 1.5, -1.5] as const;

/** The matrices of a minimal filtering algorithm: y = At [(G g) * (Bt d)], where * multiplies entry by entry. */
export interface WinogradMatrices {
  /** TILE x kernel, of the kernel g. */
  G: number[][];
  /** TILE x TILE, of the tile d. */
  Bt: number[][];
  /** (TILE - kernel + 1) x TILE, from the product to the outputs y. */
  At: number[][];
}

/**
 * Returns the matrices that correlate a tile of `TILE` values with a kernel of `kernel` (2 to TILE) values by TILE multiplications
 * where the definition takes (TILE - kernel + 1) kernel. Cook-Toom algorithm, transposed to a correlation (Winograd 1980; Lavin and
 * Gray 2016, arXiv:1509.09308).
 */
export function winogradMatrices(kernel: number): WinogradMatrices {
  const outputs = TILE - kernel + 1;
  const others = POINTS.map((point) => POINTS.filter((other) => other !== point));
  const scales = POINTS.map((point, k) =>
    others[k]!.reduce<number>((all, other) => all * (point - other), 1),
  );
  const powers = (count: number): number[][] => [
    ...POINTS.map((point) => Array.from({ length: count }, (_, power) => point ** power)),
    Array.from({ length: count }, (_, power) => (power === count - 1 ? 1 : 0)), // at infinity
  ];
  return {
    G: powers(kernel).map((row, k) => row.map((value) => value / (scales[k] ?? 1))),
    Bt: [...others.map((roots) => [...polynomial(roots), 0]), polynomial(POINTS)],
    At: transposed(powers(outputs)),
  };
}

/** Returns the transpose of a matrix given by rows. */
export function transposed(matrix: readonly number[][]): number[][] {
  return matrix[0]!.map((_, j) => matrix.map((row) => row[j]!));
}

/** Returns the coefficients of the product of (x - root), the constant first. */
function polynomial(roots: readonly number[]): number[] {
  let coefficients = [1];
  for (const root of roots) {
    coefficients = [0, ...coefficients].map((value, i) => value - root * (coefficients[i] ?? 0));
  }
  return coefficients;
}
