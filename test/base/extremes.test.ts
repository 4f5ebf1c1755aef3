import fc from 'fast-check';
import { expect, it } from 'vitest';
import { largestOf, smallestOf } from '../../src/base/extremes.ts';

it('finds what Math.max and Math.min find', () => {
  fc.assert(
    fc.property(fc.array(fc.double()), (values) => {
      expect(largestOf(values)).toBe(Math.max(...values));
      expect(smallestOf(values)).toBe(Math.min(...values));
    }),
  );
});

it('takes a million values', () => {
  const values = Array.from({ length: 1_000_000 }, (_, i) => Math.abs(i - 400_000));
  expect([smallestOf(values), largestOf(values)]).toEqual([0, 599_999]);
});
