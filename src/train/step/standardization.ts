/** What makes an image of bytes x standardized: x * scale - offset. */
export interface Standardization {
  scale: Float32Array;
  offset: Float32Array;
}

/**
 * Returns, for each of `count` images of bytes, the scale and offset of (u - mean) / max(sd, 1/sqrt(n)) with u = x / 255 and mean and sd
 * (population) over all n values of the image, as tf.image.per_image_standardization; the floor keeps a flat image finite. Computed in
 * float64 once, so that a training step only multiplies and subtracts.
 */
export function standardization(images: Uint8Array, count: number): Standardization {
  const n = images.length / count;
  const scale = new Float32Array(count);
  const offset = new Float32Array(count);
  for (let image = 0; image < count; image++) {
    let sum = 0;
    let squares = 0;
    // Sums of bytes and of their squares are integers, exact in float64.
    for (let i = image * n; i < (image + 1) * n; i++) {
      const x = images[i]!;
      sum += x;
      squares += x * x;
    }
    const mean = sum / n;
    const sd = Math.sqrt(Math.max(0, squares / n - mean * mean));
    const divisor = Math.max(sd, 255 / Math.sqrt(n));
    scale[image] = 1 / divisor;
    offset[image] = mean / divisor;
  }
  return { scale, offset };
}
