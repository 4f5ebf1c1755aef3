/** Returns the largest of any number of values: NaN where one is NaN, -Infinity where there is none. */
export function largestOf(values: Iterable<number>): number {
  // Math.max(...values) puts every value on the stack, which a hundred thousand of them overflow.
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) largest = Math.max(largest, value);
  return largest;
}

/** Returns the smallest of any number of values: NaN where one is NaN, Infinity where there is none. */
export function smallestOf(values: Iterable<number>): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (const value of values) smallest = Math.min(smallest, value);
  return smallest;
}
