/** Returns the quantile of ascending values, linear between them; there must be one at least. */
export function quantile(ascending: ArrayLike<number>, probability: number): number {
  const at = probability * (ascending.length - 1);
  const below = Math.floor(at);
  const next = Math.min(below + 1, ascending.length - 1);
  return ascending[below]! + (at - below) * (ascending[next]! - ascending[below]!);
}

/** Returns the median of ascending values, the mean of the middle two for an even count; there must be one at least. */
export function median(ascending: ArrayLike<number>): number {
  const middle = ascending.length >> 1;
  if (ascending.length % 2 === 1) return ascending[middle]!;
  return (ascending[middle - 1]! + ascending[middle]!) / 2;
}
