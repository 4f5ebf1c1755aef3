/** Returns the number of values of a shape, 1 for that of a scalar; NaN or a huge number where the sides are none. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}
