/**
 * Beliefs in a label, and how often a label believed as much was right: a rising line through the families across the borders, drawn
 * by `npm run calibrate -- --fit` from the seed that the limits were chosen on.
 */
const RIGHT_SHARE: readonly (readonly [belief: number, right: number])[] = [
  [0, 0],
  [0.5, 0.45],
  [0.564, 0.567],
  [0.628, 0.73],
  [0.695, 0.783],
  [0.744, 0.88],
  [0.843, 0.917],
  [0.881, 0.965],
  [0.958, 0.979],
  [1, 1],
];

/** Returns how often a label of this belief is right, between the points of the table in a straight line. */
export function rightShare(belief: number): number {
  const next = Math.max(
    1,
    RIGHT_SHARE.findIndex(([at]) => at >= Math.min(1, belief)),
  );
  const [[x0, y0], [x1, y1]] = [RIGHT_SHARE[next - 1]!, RIGHT_SHARE[next]!];
  return y0 + ((y1 - y0) * (belief - x0)) / (x1 - x0);
}
