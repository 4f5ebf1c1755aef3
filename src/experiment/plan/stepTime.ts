/** A measured speed of training. */
export interface Speed {
  batchSize: number;
  imagesPerSecond: number;
}

/**
 * The overhead of a step in images: what a step of no images would cost, over what an image costs. About 12 for LeNet5 and 4 for
 * MiniAlexNet on two cores; used only where a single batch size was measured.
 */
export const TYPICAL_OVERHEAD_IMAGES = 8;

/**
 * Returns the seconds of a training step at `batchSize` by the measured speeds of other batch sizes, or null without any. A step
 * costs an overhead and a price an image: between two measured sizes linear, beyond them along the nearest two.
 */
export function secondsPerStep(speeds: readonly Speed[], batchSize: number): number | null {
  const points = [
    ...new Map(speeds.map((speed) => [speed.batchSize, speed.batchSize / speed.imagesPerSecond])),
  ]
    .filter(([, seconds]) => Number.isFinite(seconds))
    .sort(([a], [b]) => a - b);
  if (points.length === 0) return null;
  if (points.length === 1) {
    const [size, seconds] = points[0]!;
    return (seconds * (batchSize + TYPICAL_OVERHEAD_IMAGES)) / (size + TYPICAL_OVERHEAD_IMAGES);
  }
  const after = points.findIndex(([size]) => size >= batchSize);
  const right = after === -1 ? points.length - 1 : Math.max(1, after);
  const [b0, t0] = points[right - 1]!;
  const [b1, t1] = points[right]!;
  const slope = (t1 - t0) / (b1 - b0);
  const line = t0 + slope * (batchSize - b0);
  // Noise can tilt the line; a larger batch never takes less time, nor a smaller one more.
  if (batchSize < b0) return Math.min(t0, Math.max(line, (t0 * batchSize) / b0));
  return batchSize > b1 ? Math.max(t1, line) : line;
}
