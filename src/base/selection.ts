/**
 * Returns the value at index `rank` of the values in ascending order, without sorting them all: their order is changed so that none before
 * it is larger, and none after it smaller. No value may be NaN, and `rank` must be an index.
 */
export function selected(values: Float64Array, rank: number): number {
  let first = 0;
  let last = values.length - 1;
  while (first < last) {
    const pivot = middleOf(values[first]!, values[(first + last) >> 1]!, values[last]!);
    let i = first;
    let j = last;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const held = values[i]!;
      values[i++] = values[j]!;
      values[j--] = held;
    }
    // What lies between is the pivot itself.
    if (rank <= j) last = j;
    else if (rank >= i) first = i;
    else return pivot;
  }
  return values[rank]!;
}

function middleOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
