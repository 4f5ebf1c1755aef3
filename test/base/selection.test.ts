import fc from 'fast-check';
import { expect, it } from 'vitest';
import { selected } from '../../src/base/selection.ts';

it('selects what sorting brings to a place, and parts the values there', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true })), { minLength: 1 }),
      fc.nat(),
      (list, place) => {
        const values = Float64Array.from(list);
        const sorted = values.slice().sort();
        const rank = place % values.length;
        const found = selected(values, rank);
        // 0 and -0 are of one size
        expect(found + 0).toBe(sorted[rank]! + 0);
        expect(values.subarray(0, rank).every((value) => value <= found)).toBe(true);
        expect(values.subarray(rank).every((value) => value >= found)).toBe(true);
        expect(
          values
            .slice()
            .sort()
            .map((value) => value + 0),
        ).toEqual(sorted.map((value) => value + 0));
      },
    ),
  );
});
