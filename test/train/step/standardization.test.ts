import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { standardization } from '../../../src/train/step/standardization.ts';

const pixels = 48;

describe('standardization', () => {
  it('gives every image mean 0 and standard deviation 1', () => {
    const image = fc.uint8Array({ minLength: pixels, maxLength: pixels }).filter((bytes) => {
      const mean = bytes.reduce((a, b) => a + b, 0) / pixels;
      return Math.sqrt(bytes.reduce((a, b) => a + (b - mean) ** 2, 0) / pixels) > 255 / Math.sqrt(pixels);
    });
    fc.assert(
      fc.property(fc.array(image, { minLength: 1, maxLength: 4 }), (list) => {
        const images = Uint8Array.from(list.flatMap((bytes) => [...bytes]));
        const { scale, offset } = standardization(images, list.length);
        list.forEach((bytes, i) => {
          const values = [...bytes].map((x) => x * scale[i]! - offset[i]!);
          const mean = values.reduce((a, b) => a + b, 0) / pixels;
          const sd = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / pixels);
          expect(mean).toBeCloseTo(0, 5);
          expect(sd).toBeCloseTo(1, 5);
        });
      }),
    );
  });

  it('divides a nearly flat image by 1/sqrt(n) of the unit range, and leaves a flat one at 0', () => {
    const images = new Uint8Array(2 * pixels).fill(200);
    images[0] = 201;
    const { scale, offset } = standardization(images, 2);
    expect(scale[0]).toBeCloseTo(Math.sqrt(pixels) / 255, 7);
    expect(200 * scale[1]! - offset[1]!).toBeCloseTo(0, 5);
  });
});
