import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapInterval } from '../../../src/analyze/compare/bootstrap.ts';
import { correlate, kendall, pearson, ranks, spearman } from '../../../src/analyze/compare/correlation.ts';
import { randomStream } from '../../../src/base/random/stream.ts';

const of = (...values: number[]) => Float64Array.from(values);

/** Tau-b by its definition, pair by pair. */
function kendallByPairs(x: Float64Array, y: Float64Array): number | null {
  let [balance, untiedX, untiedY] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const [dx, dy] = [Math.sign(x[i]! - x[j]!), Math.sign(y[i]! - y[j]!)];
      balance += dx * dy;
      untiedX += dx * dx;
      untiedY += dy * dy;
    }
  }
  return untiedX > 0 && untiedY > 0 ? balance / Math.sqrt(untiedX * untiedY) : null;
}

describe('correlation', () => {
  it('gives ties their mean rank', () => {
    expect([...ranks(of(10, 30, 20, 30, 5))]).toEqual([2, 4.5, 3, 4.5, 1]);
  });

  it('agrees with hand-made values', () => {
    const x = of(1, 2, 3, 4, 5);
    const y = of(2, 1, 4, 3, 5);
    expect(pearson(x, y)).toBeCloseTo(0.8, 12);
    expect(spearman(x, y)).toBeCloseTo(1 - (6 * 4) / (5 * 24), 12);
    expect(kendall(x, y)).toBeCloseTo((8 - 2) / 10, 12);
    expect(pearson(of(0, 0, 1, 1), of(0, 1, 0, 1))).toBeCloseTo(0, 12);
  });

  it("returns Kendall's tau-b pair by pair, ties and all", () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })), {
      minLength: 2,
      maxLength: 40,
    });
    fc.assert(
      fc.property(pairs, (list) => {
        const x = Float64Array.from(list, ([a]) => a);
        const y = Float64Array.from(list, ([, b]) => b);
        const expected = kendallByPairs(x, y);
        if (expected === null) expect(kendall(x, y)).toBeNull();
        else expect(kendall(x, y)).toBeCloseTo(expected, 12);
      }),
    );
  });

  it('is 1 for any rising, -1 for any falling transform, in ranks', () => {
    const distinct = fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 4, maxLength: 30 });
    fc.assert(
      fc.property(distinct, (values) => {
        const x = Float64Array.from(values);
        for (const kind of ['spearman', 'kendall'] as const) {
          expect(
            correlate(
              kind,
              x,
              x.map((v) => v ** 3),
            ),
          ).toBeCloseTo(1, 12);
          expect(
            correlate(
              kind,
              x,
              x.map((v) => -Math.atan(v)),
            ),
          ).toBeCloseTo(-1, 12);
        }
      }),
    );
  });

  it('is null where nothing varies or too few pairs are there', () => {
    expect(pearson(of(1, 1, 1, 1), of(1, 2, 3, 4))).toBeNull();
    expect(kendall(of(1, 2, 3, 4), of(2, 2, 2, 2))).toBeNull();
    expect(correlate('spearman', of(1, 2, 3), of(1, 2, 3))).toBeNull();
    expect(() => pearson(of(1), of(1, 2))).toThrow('x and y must be of one length, got 1 and 2');
  });

  it('does not lose extreme scales', () => {
    const x = of(1e-200, 2e-200, 3e-200, 5e-200);
    expect(
      pearson(
        x.map((v) => v * 1e60),
        of(1, 2, 3, 5),
      ),
    ).toBeCloseTo(1, 12);
  });
});

describe('bootstrapInterval', () => {
  const options = { resamples: 400, level: 0.95 };
  const sample = (n: number, rho: number, seed: number) => {
    const stream = randomStream(seed, 'pairs');
    const x = Float64Array.from({ length: n }, () => stream.normal());
    const y = x.map((value) => rho * value + Math.sqrt(1 - rho * rho) * stream.normal());
    return { x, y };
  };

  it('holds the true coefficient in about 95 of 100 samples', () => {
    let held = 0;
    for (let seed = 0; seed < 100; seed++) {
      const { x, y } = sample(60, 0.6, seed);
      const { low, high } = bootstrapInterval('pearson', x, y, randomStream(seed, 'boot'), options)!;
      if (low <= 0.6 && 0.6 <= high) held++;
    }
    // Binomial(100, 0.93): three standard deviations and the known slight undercoverage of percentile intervals.
    expect(held).toBeGreaterThanOrEqual(86);
    expect(held).toBeLessThan(100);
  });

  it('is none for pairs in perfect order: every draw says 1, however few there are', () => {
    const x = Float64Array.of(1, 2, 3, 4);
    expect(bootstrapInterval('spearman', x, x, randomStream(1, 'boot'), options)).toBeNull();
    expect(
      bootstrapInterval('spearman', x, Float64Array.of(1, 3, 2, 4), randomStream(1, 'boot'), options),
    ).not.toBeNull();
  });

  it('is the same for the same stream and narrows with the sample', () => {
    const { x, y } = sample(200, 0.6, 1);
    const wide = bootstrapInterval(
      'spearman',
      x.subarray(0, 20),
      y.subarray(0, 20),
      randomStream(1, 'b'),
      options,
    )!;
    const narrow = bootstrapInterval('spearman', x, y, randomStream(1, 'b'), options)!;
    expect(narrow).toEqual(bootstrapInterval('spearman', x, y, randomStream(1, 'b'), options));
    expect(narrow.high - narrow.low).toBeLessThan((wide.high - wide.low) / 2);
  });

  it('is null where the resamples are mostly constant', () => {
    expect(
      bootstrapInterval('pearson', of(0, 0, 0, 1), of(1, 2, 3, 4), randomStream(0, 'b'), options),
    ).toBeNull();
  });
});
