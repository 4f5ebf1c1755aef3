/** Correlation coefficients of n pairs; null where one side does not vary or fewer than MIN_PAIRS are there. */
export const CORRELATION_KINDS = ['spearman', 'kendall', 'pearson'] as const;
export type CorrelationKind = (typeof CORRELATION_KINDS)[number];
/** With fewer pairs a coefficient is almost free to be anything. */
export const MIN_PAIRS = 4;

/** Returns Pearson's product-moment correlation; null where x or y is constant. Throws RangeError for unequal lengths. */
export function pearson(x: Float64Array, y: Float64Array): number | null {
  checkPairs(x, y);
  const n = x.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [dx, dy] = [x[i]! - meanX, y[i]! - meanY];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  // The square roots apart: the product of the sums may leave the range of doubles.
  if (!(xx > 0 && yy > 0)) return null;
  return Math.min(1, Math.max(-1, xy / (Math.sqrt(xx) * Math.sqrt(yy))));
}

/** Returns Spearman's rank correlation, ties given their mean rank; null where x or y is constant. */
export function spearman(x: Float64Array, y: Float64Array): number | null {
  checkPairs(x, y);
  return pearson(ranks(x), ranks(y));
}

/**
 * Returns Kendall's tau-b (ties corrected on both sides); null where x or y is constant. O(n log n): after sorting by x, the
 * discordant pairs are the exchanges a merge sort by y makes (Knight, JASA 61 (1966) 436).
 */
export function kendall(x: Float64Array, y: Float64Array): number | null {
  checkPairs(x, y);
  const n = x.length;
  const order = Array.from(x, (_, i) => i).sort((a, b) => x[a]! - x[b]! || y[a]! - y[b]!);
  const sortedX = Float64Array.from(order, (i) => x[i]!);
  const sortedY = Float64Array.from(order, (i) => y[i]!);
  const pairs = (n * (n - 1)) / 2;
  const tiedX = tiedPairs(n, (i, j) => sortedX[i] === sortedX[j]);
  const tiedBoth = tiedPairs(n, (i, j) => sortedX[i] === sortedX[j] && sortedY[i] === sortedY[j]);
  const discordant = sortAndCountExchanges(sortedY);
  const tiedY = tiedPairs(n, (i, j) => sortedY[i] === sortedY[j]);
  if (tiedX === pairs || tiedY === pairs) return null;
  const balance = pairs - tiedX - tiedY + tiedBoth - 2 * discordant;
  return balance / (Math.sqrt(pairs - tiedX) * Math.sqrt(pairs - tiedY));
}

/** Pairs within runs of equal neighbours. */
function tiedPairs(n: number, equal: (i: number, j: number) => boolean): number {
  let tied = 0;
  for (let start = 0; start < n; ) {
    let end = start + 1;
    while (end < n && equal(start, end)) end++;
    tied += ((end - start) * (end - start - 1)) / 2;
    start = end;
  }
  return tied;
}

/** Sorts in place (bottom-up merge sort) and returns how many pairs stood in the wrong order. */
function sortAndCountExchanges(values: Float64Array): number {
  const n = values.length;
  const merged = new Float64Array(n);
  let exchanges = 0;
  for (let width = 1; width < n; width *= 2) {
    for (let low = 0; low < n; low += 2 * width) {
      const [middle, high] = [Math.min(low + width, n), Math.min(low + 2 * width, n)];
      for (let i = low, j = middle, out = low; out < high; out++) {
        if (j >= high || (i < middle && values[i]! <= values[j]!)) merged[out] = values[i++]!;
        else {
          exchanges += middle - i;
          merged[out] = values[j++]!;
        }
      }
    }
    values.set(merged);
  }
  return exchanges;
}

/** Returns the correlation of a kind, null also below MIN_PAIRS pairs. */
export function correlate(kind: CorrelationKind, x: Float64Array, y: Float64Array): number | null {
  if (x.length < MIN_PAIRS) return null;
  return { pearson, spearman, kendall }[kind](x, y);
}

/** Returns ranks from 1 on, equal values sharing their mean rank. */
export function ranks(values: Float64Array): Float64Array {
  const sorted = values.slice().sort();
  return values.map((value) => (firstAtLeast(sorted, value) + firstAbove(sorted, value) + 1) / 2);
}

function firstAtLeast(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function firstAbove(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value / values.length, 0);
}

function checkPairs(x: Float64Array, y: Float64Array): void {
  if (x.length !== y.length)
    throw new RangeError(`x and y must be of one length, got ${x.length} and ${y.length}`);
}
