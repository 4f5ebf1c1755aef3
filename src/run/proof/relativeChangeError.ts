type Parameters = ReadonlyMap<string, Float32Array>;

/**
 * Returns by how much two trainings from the same weights part in what they changed: |difference of the changes| over |change|
 * in the Euclidean norm, the largest over the layers. A bias counts with the kernel of its layer: where batch norm follows, its own
 * gradient is nothing but rounding. Infinity where one of them is not finite.
 */
export function relativeChangeError(before: Parameters, after: Parameters, reference: Parameters): number {
  const sums = new Map<string, { difference: number; change: number }>();
  for (const [name, start] of before) {
    const moving = /\/moving_\w+$/.exec(name)?.[0] ?? '';
    const layer = `${name.slice(0, name.lastIndexOf('/'))}${moving}`;
    const sum = sums.get(layer) ?? { difference: 0, change: 0 };
    sums.set(layer, sum);
    const [own, other] = [after.get(name)!, reference.get(name)!];
    for (let i = 0; i < start.length; i++) {
      sum.difference += (own[i]! - other[i]!) ** 2;
      sum.change += (other[i]! - start[i]!) ** 2;
    }
  }
  let worst = 0;
  for (const { difference, change } of sums.values()) {
    const error = difference === 0 ? 0 : Math.sqrt(difference / change);
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return worst;
}
