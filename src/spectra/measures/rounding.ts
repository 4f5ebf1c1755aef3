/** How weights are stored: the rounding that decides which singular values are nothing but rounding. */
export interface Rounding {
  /** Significant bits, the hidden one counted in: an entry w is off by at most 2^-significantBits |w|. */
  significantBits: number;
  /** Distance of the numbers next to 0, so the rounding of small entries; the scale of weights that are stored as integers. */
  step: number;
}

/** Formats of weights by name. */
export const ROUNDINGS = {
  float64: { significantBits: 53, step: 2 ** -1074 },
  float32: { significantBits: 24, step: 2 ** -149 },
  bfloat16: { significantBits: 8, step: 2 ** -133 },
  float16: { significantBits: 11, step: 2 ** -24 },
  float8_e4m3: { significantBits: 4, step: 2 ** -9 },
  float8_e5m2: { significantBits: 3, step: 2 ** -16 },
} as const satisfies Record<string, Rounding>;

/** Format in which weights were stored: by name, or by what it rounds to. */
export type WeightPrecision = keyof typeof ROUNDINGS | Rounding;

/** Returns what the numbers of a format are rounded to. */
export function roundingOf(precision: WeightPrecision): Rounding {
  return typeof precision === 'string' ? ROUNDINGS[precision] : precision;
}

/**
 * Rounding errors differ from entry to entry, as the entries do, which lets their largest singular value reach beyond that of
 * equal noise: up to 1.4 times where rows and columns of a product are heavy-tailed.
 */
const UNEVEN = 1.5;

/**
 * A huge entry is rounded coarsely, but where it stands: it has singular vectors of its own, and W is large there. Of the rounding
 * that the other directions see, an entry has at most this many times the mean.
 */
const MOST_OF_MEAN = 30;
const SETTLED = 1e-6;

/**
 * Returns the largest eigenvalue that rounding alone gives an N x M matrix of squared Frobenius norm `energy` (of heavy-tailed
 * entries: `spreadEnergy`). Rounding is noise: an
 * error is spread evenly over half a unit in the last place on either side, so its variance is at most (2^-p w)^2 / 3, or
 * step^2 / 12 where entries are small, and the singular values of N x M noise of deviation s end at s (sqrt N + sqrt M).
 */
export function roundingEdge(N: number, M: number, energy: number, precision: WeightPrecision): number {
  const { significantBits, step } = roundingOf(precision);
  // Divided before it is squared: the square of the least step of float64 is 0, that of 2^-p |W| may be too.
  const relative = (2 ** (-2 * significantBits) / 3) * (energy / (N * M));
  const variance = relative + step ** 2 / 12;
  return UNEVEN ** 2 * variance * (Math.sqrt(N) + Math.sqrt(M)) ** 2;
}

/**
 * Returns the sum of the squares of all entries, none counted for more than 30 times the mean of what is then counted. Entries that
 * are 0 are rounded by nothing and count for no mean.
 */
export function spreadEnergy(W: Float32Array | Float64Array): number {
  const { energy: all, count } = capped(W, Number.POSITIVE_INFINITY);
  let energy = all;
  for (;;) {
    const less = capped(W, (MOST_OF_MEAN * energy) / count).energy;
    if (!(less < (1 - SETTLED) * energy)) return less;
    energy = less;
  }
}

/** Sum of the squares of the entries, each `most` at most, and how many are not 0. */
function capped(W: Float32Array | Float64Array, most: number): { energy: number; count: number } {
  let energy = 0;
  let count = 0;
  for (const w of W) {
    if (w === 0) continue;
    energy += Math.min(w * w, most);
    count++;
  }
  return { energy, count };
}
