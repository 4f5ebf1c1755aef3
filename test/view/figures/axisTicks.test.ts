import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logLabel, logTicks, niceAxis, readableLogTicks } from '../../../src/view/figures/axisTicks.ts';

describe('niceAxis', () => {
  it('holds its values, in few ticks with distinct labels', () => {
    const values = fc.array(fc.integer({ min: -100_000, max: 100_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(values, fc.constantFrom(1, 1e-3, 1e-7), (list, scale) => {
        const scaled = list.map((value) => value * scale);
        const { min, max, ticks, format } = niceAxis(scaled);
        const slack = 1e-9 * Math.max(...scaled.map(Math.abs), 1e-12);
        expect(min).toBeLessThanOrEqual(Math.min(...scaled) + slack);
        expect(max).toBeGreaterThanOrEqual(Math.max(...scaled) - slack);
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.length).toBeLessThan(9);
        expect(new Set(ticks.map(format)).size).toBe(ticks.length);
      }),
    );
  });

  it('labels small and large ranges in a form that fits', () => {
    expect(niceAxis([0.114, 0.118]).ticks.map(niceAxis([0.114, 0.118]).format)).toEqual([
      '0.114',
      '0.115',
      '0.116',
      '0.117',
      '0.118',
    ]);
  });
});

describe('logTicks', () => {
  it('gives powers of ten over many decades and 1, 2, 5 over few', () => {
    expect(logTicks(0.5, 2e4)).toEqual([1, 10, 100, 1000, 10_000]);
    expect(logTicks(0.3, 12)).toEqual([0.5, 1, 2, 5, 10]);
    expect(logTicks(1e-9, 1e9).length).toBeLessThanOrEqual(8);
    expect([1e-4, 0.05, 1, 1000, 1e5].map(logLabel)).toEqual(['1e-4', '0.05', '1', '1000', '1e5']);
  });
});

describe('readableLogTicks', () => {
  it('keeps both ends and leaves out what would overlap', () => {
    expect(readableLogTicks([2, 4, 8, 16, 32], 400)).toEqual([2, 4, 8, 16, 32]);
    const kept = readableLogTicks([2, 4, 8, 16, 32, 50, 100, 150, 250, 500, 1000], 220);
    expect(kept[0]).toBe(2);
    expect(kept.at(-1)).toBe(1000);
    expect(kept.length).toBeLessThan(11);
    expect(readableLogTicks([32], 100)).toEqual([32]);
  });
});
