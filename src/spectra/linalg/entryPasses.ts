import { joined } from './joined.ts';

/** What one pass over the entries of a matrix counts. */
export interface EntrySums {
  /** Entries whose square is not 0. */
  nonZero: number;
  /** Entries whose square is above the limit. */
  above: number;
  /** Sum of the squares of the others, in float64. */
  below: number;
  /** Sum of the fourth powers of those. */
  fourthPowers: number;
  largestSquare: number;
}

/**
 * Passes over entries, whatever their places. They cost what reading the matrix costs, which for large ones is much of an analysis, so that
 * the engine has them too: the same bits from float32 entries, but for the last of fourth powers.
 */
export interface EntryPasses {
  /** Returns the sums of each matrix; `limit` is one of squares. With Infinity, `below` is not finite where an entry is not. */
  entrySums(matrices: readonly Entries[], limit: number): EntrySums[];
  /** Returns the magnitudes larger than `limit` of all matrices together, in the order of the entries. */
  sizesAbove(matrices: readonly Entries[], limit: number): Float64Array;
}

type Entries = Float32Array | Float64Array;

/** Entries that are summed by themselves before their sum is added, so that threads may share a matrix. A multiple of 4. */
export const SUMMED_TOGETHER = 2 ** 16;

export const typescriptPasses: EntryPasses = {
  entrySums: (matrices, limit) => matrices.map((W) => sumsOf(W, limit)),
  sizesAbove: (matrices, limit) => joined(matrices.map((W) => sizesOf(W, limit))),
};

function sumsOf(W: Entries, limit: number): EntrySums {
  const sums: EntrySums = { nonZero: 0, above: 0, below: 0, fourthPowers: 0, largestSquare: 0 };
  for (let start = 0; start < W.length; start += SUMMED_TOGETHER) {
    addSums(sums, W, start, Math.min(start + SUMMED_TOGETHER, W.length), limit);
  }
  return sums;
}

/** Four sums side by side: one alone would make every addition wait for the one before. */
function addSums(sums: EntrySums, W: Entries, start: number, end: number, limit: number): void {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let f0 = 0;
  let f1 = 0;
  let f2 = 0;
  let f3 = 0;
  let nonZero = 0;
  let above = 0;
  let largest = 0;
  for (let i = start; i < end; i += 4) {
    const a = W[i]! * W[i]!;
    const b = i + 1 < end ? W[i + 1]! * W[i + 1]! : 0;
    const c = i + 2 < end ? W[i + 2]! * W[i + 2]! : 0;
    const d = i + 3 < end ? W[i + 3]! * W[i + 3]! : 0;
    if (a !== 0) nonZero++;
    if (b !== 0) nonZero++;
    if (c !== 0) nonZero++;
    if (d !== 0) nonZero++;
    if (a > limit) above++;
    else {
      s0 += a;
      f0 += a * a;
    }
    if (b > limit) above++;
    else {
      s1 += b;
      f1 += b * b;
    }
    if (c > limit) above++;
    else {
      s2 += c;
      f2 += c * c;
    }
    if (d > limit) above++;
    else {
      s3 += d;
      f3 += d * d;
    }
    if (a > largest) largest = a;
    if (b > largest) largest = b;
    if (c > largest) largest = c;
    if (d > largest) largest = d;
  }
  sums.nonZero += nonZero;
  sums.above += above;
  sums.below += s0 + s1 + (s2 + s3);
  sums.fourthPowers += f0 + f1 + (f2 + f3);
  sums.largestSquare = Math.max(sums.largestSquare, largest);
}

function sizesOf(W: Entries, limit: number): Float64Array {
  let sizes = new Float64Array(1024);
  let found = 0;
  for (let i = 0; i < W.length; i++) {
    const size = Math.abs(W[i]!);
    if (!(size > limit)) continue;
    if (found === sizes.length) {
      const longer = new Float64Array(2 * found);
      longer.set(sizes);
      sizes = longer;
    }
    sizes[found++] = size;
  }
  return sizes.subarray(0, found);
}
