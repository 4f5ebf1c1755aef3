import type { EntryPasses, EntrySums } from '../linalg/entryPasses.ts';

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
 * are 0 are rounded by nothing and count for no mean. `all`: the sums without a limit, where they are known.
 */
export function spreadEnergy(
  W: Float32Array | Float64Array,
  passes: EntryPasses,
  all: EntrySums = passes.entrySums([W], Number.POSITIVE_INFINITY)[0]!,
): number {
  let most = Number.POSITIVE_INFINITY;
  let sums = all;
  for (;;) {
    const { below, above, nonZero, largestSquare } = sums;
    if (nonZero === 0) return 0;
    // What `most` must be while these entries are at it: 30 (above most + below) / nonZero. To go there ends after a few rounds; to
    // cap at 30 times the mean of the round before takes thousands where nearly a thirtieth of the entries hold all of the energy.
    const next = (MOST_OF_MEAN * below) / (nonZero - MOST_OF_MEAN * above);
    if (!(next < most)) return above === 0 ? below : below + above * most;
    if (largestSquare <= next) return below;
    most = next;
    [sums] = passes.entrySums([W], most) as [EntrySums];
  }
}
