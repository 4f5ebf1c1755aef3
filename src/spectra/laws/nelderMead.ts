const MAX_STEPS = 2000;

/**
 * Returns the point of least f found by the simplex of Nelder and Mead (Comput. J. 7 (1965) 308) from `start`, whose first edges
 * have length `size`; it stops when the values differ by less than 1e-11 relative. f may be infinite outside of its domain.
 */
export function nelderMead(
  f: (point: readonly number[]) => number,
  start: readonly number[],
  size: number,
): { point: number[]; value: number } {
  const evaluate = (point: number[]) => ({ point, value: f(point) });
  const simplex = [
    evaluate([...start]),
    ...start.map((_, axis) => evaluate(start.map((x, i) => (i === axis ? x + size : x)))),
  ];
  for (let step = 0; step < MAX_STEPS; step++) {
    simplex.sort((a, b) => a.value - b.value);
    const best = simplex[0]!;
    const worst = simplex.at(-1)!;
    if (Math.abs(worst.value - best.value) <= 1e-11 * (1 + Math.abs(best.value))) break;
    const others = simplex.slice(0, -1);
    const center = start.map((_, i) => others.reduce((sum, { point }) => sum + point[i]!, 0) / others.length);
    const along = (factor: number) => evaluate(center.map((x, i) => x + factor * (worst.point[i]! - x)));
    const reflected = along(-1);
    let next = reflected;
    if (reflected.value < best.value) {
      const expanded = along(-2);
      if (expanded.value < reflected.value) next = expanded;
    } else if (reflected.value >= others.at(-1)!.value) {
      next = along(reflected.value < worst.value ? -0.5 : 0.5);
      if (next.value >= Math.min(worst.value, reflected.value)) {
        for (let i = 1; i < simplex.length; i++) {
          simplex[i] = evaluate(simplex[i]!.point.map((x, k) => (x + best.point[k]!) / 2));
        }
        continue;
      }
    }
    simplex[simplex.length - 1] = next;
  }
  simplex.sort((a, b) => a.value - b.value);
  return simplex[0]!;
}
