import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type EntrySums,
  SUMMED_TOGETHER,
  typescriptPasses,
} from '../../../src/spectra/linalg/entryPasses.ts';
import { nativeLinearAlgebra } from '../../../src/train/engine/nativeLinearAlgebra.ts';

const passes = [
  ['TypeScript', typescriptPasses],
  ...[1, 2, 3].map((threads) => [`native, ${threads} threads`, nativeLinearAlgebra(threads)!] as const),
] as const;
const values = fc.oneof(
  fc.constant(0),
  fc.integer({ min: -9, max: 9 }),
  fc.float({ noNaN: true, min: -2, max: 2 }),
);

describe.each(passes)('passes over entries: %s', (_, { entrySums, sizesAbove }) => {
  it('count what is 0, what is above the limit, and sum the squares of the rest', () => {
    const whole = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(whole, fc.integer({ min: 0, max: 90 }), fc.boolean(), (entries, limit, isDouble) => {
        const W = isDouble ? Float64Array.from(entries) : Float32Array.from(entries);
        const squares = entries.map((w) => w * w);
        // whole numbers have no rounding
        const counted = squares.filter((square) => square <= limit);
        const total = (terms: number[]) => terms.reduce((sum, term) => sum + term, 0);
        expect(entrySums([W, W.subarray(1)], limit)[0]).toEqual({
          nonZero: squares.filter((square) => square > 0).length,
          above: squares.filter((square) => square > limit).length,
          below: total(counted),
          fourthPowers: total(counted.map((square) => square * square)),
          largestSquare: Math.max(...squares),
        });
        expect([...sizesAbove([W, W], limit / 10)]).toEqual(
          [...entries, ...entries].map(Math.abs).filter((size) => size > limit / 10),
        );
      }),
    );
  });

  it('take every entry into account at the ends of what is summed together, in matrices that end anywhere', () => {
    for (const length of [
      SUMMED_TOGETHER - 1,
      SUMMED_TOGETHER,
      SUMMED_TOGETHER + 1,
      2 * SUMMED_TOGETHER + 7,
    ]) {
      const W = new Float32Array(length).fill(-3);
      expect(entrySums([W], 9)).toEqual([
        { nonZero: length, above: 0, below: 9 * length, fourthPowers: 81 * length, largestSquare: 9 },
      ]);
      expect(entrySums([W], 8)).toEqual([
        { nonZero: length, above: length, below: 0, fourthPowers: 0, largestSquare: 9 },
      ]);
      expect(sizesAbove([W], 2)).toEqual(new Float64Array(length).fill(3));
      expect(sizesAbove([W], 3)).toHaveLength(0);
    }
  });

  it('show what is not finite', () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const at of [0, 3, 4, 41]) {
        const W = new Float32Array(42).fill(1).with(at, bad);
        expect(entrySums([W], Number.POSITIVE_INFINITY)[0]!.below).toSatisfy((sum) => !Number.isFinite(sum));
      }
    }
  });

  it('have the same bits for float32 entries, whoever counts', () => {
    fc.assert(
      fc.property(
        fc.array(values, { maxLength: 60 }),
        fc.double({ min: 0, max: 4, noNaN: true }),
        (entries, limit) => {
          const W = Float32Array.from(
            { length: 3 * SUMMED_TOGETHER },
            (_, i) => (entries[i % entries.length] ?? 0) / 3,
          );
          const [{ fourthPowers, ...sums }] = entrySums([W], limit) as [EntrySums];
          const [expected] = typescriptPasses.entrySums([W], limit) as [EntrySums];
          expect({ ...sums, fourthPowers: expected.fourthPowers }).toEqual(expected);
          expect(Math.abs(fourthPowers - expected.fourthPowers)).toBeLessThanOrEqual(
            1e-12 * expected.fourthPowers,
          );
          expect(sizesAbove([W], limit)).toEqual(typescriptPasses.sizesAbove([W], limit));
        },
      ),
      { numRuns: 8 },
    );
  });
});
