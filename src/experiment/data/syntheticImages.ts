import { elementCount } from '../../base/elementCount.ts';
import { randomStream } from '../../base/random/stream.ts';
import type { Split } from './dataset.ts';

/** Returns uniformly random images and labels: the arithmetic of a step does not depend on what is on them. */
export function syntheticImages(shape: readonly number[], classes: number, count: number): Split {
  const random = randomStream(1, 'bench/images');
  const images = new Uint32Array(Math.ceil((count * elementCount(shape)) / 4)).map(random.uint32);
  return {
    images: new Uint8Array(images.buffer, 0, count * elementCount(shape)),
    labels: new Uint8Array(count).map(() => random.below(classes)),
    count,
  };
}
