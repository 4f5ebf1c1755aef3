import fc from 'fast-check';
import { expect, it } from 'vitest';
import { geometricMean, median } from '../../bench/statistics.ts';

const values = fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 20 });

it('gives a median with as many values below as above', () => {
  fc.assert(
    fc.property(values, (sample) => {
      const middle = median(sample);
      const below = sample.filter((value) => value < middle).length;
      const above = sample.filter((value) => value > middle).length;
      expect(below).toBeLessThanOrEqual(sample.length / 2);
      expect(above).toBeLessThanOrEqual(sample.length / 2);
    }),
  );
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

it('gives a geometric mean that a common factor scales', () => {
  expect(geometricMean([1, 4])).toBeCloseTo(2, 12);
  expect(geometricMean([])).toBeNull();
  fc.assert(
    fc.property(values, (sample) => {
      expect(geometricMean(sample.map((value) => 3 * value))! / geometricMean(sample)!).toBeCloseTo(3, 9);
    }),
  );
});
