import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { permutation, randomStream } from '../../../src/base/random/stream.ts';

describe('randomStream', () => {
  it('is xoshiro128++ on the SHA-256 of seed and purpose', () => {
    // From a C program after Blackman and Vigna's description, which gives the published 641, 1573767, ... for the state 1, 2, 3, 4.
    const first = (seed: number, purpose: string): number[] => {
      const stream = randomStream(seed, purpose);
      return Array.from({ length: 8 }, () => stream.uint32());
    };
    expect(first(0, 'init/fc1/kernel')).toEqual([
      828902327, 3556159439, 2840902812, 1294396462, 2947668167, 4018686575, 348003496, 2384649261,
    ]);
    expect(first(4294967295, 'order/epoch=3')).toEqual([
      1009141329, 1046733437, 1061612514, 27694903, 1283649960, 3673859520, 3580085943, 3144326343,
    ]);
  });

  it('gives streams of different seeds or purposes that do not correlate', () => {
    const n = 20_000;
    const draw = (seed: number, purpose: string): number[] => {
      const stream = randomStream(seed, purpose);
      return Array.from({ length: n }, () => stream.uniform() - 0.5);
    };
    const base = draw(1, 'init/a');
    for (const [seed, purpose] of [
      [2, 'init/a'],
      [1, 'init/b'],
      [0, 'init/a'],
    ] as const) {
      const other = draw(seed, purpose);
      const correlation = (12 * base.reduce((sum, x, i) => sum + x * other[i]!, 0)) / n;
      expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(n));
    }
  });

  it('draws uniforms and normals with the moments of their laws', () => {
    const n = 200_000;
    const stream = randomStream(5, 'moments');
    const average = (draws: Float64Array, power: number): number =>
      draws.reduce((sum, x) => sum + x ** power, 0) / n;
    const uniforms = Float64Array.from({ length: n }, () => stream.uniform());
    expect(uniforms.every((u) => u >= 0 && u < 1)).toBe(true);
    for (const power of [1, 2, 3]) expect(average(uniforms, power)).toBeCloseTo(1 / (power + 1), 2);
    const normals = Float64Array.from({ length: n }, () => stream.normal());
    for (const [power, moment] of [
      [1, 0],
      [2, 1],
      [3, 0],
      [4, 3],
    ] as const) {
      expect(Math.abs(average(normals, power) - moment)).toBeLessThan(0.06);
    }
    // Both numbers of a pair are used: they must not correlate.
    const pairs = normals.reduce((sum, x, i) => (i % 2 === 1 ? sum + x * normals[i - 1]! : sum), 0) / (n / 2);
    expect(Math.abs(pairs)).toBeLessThan(0.02);
  });

  it('draws integers below n without bias', () => {
    const stream = randomStream(6, 'below');
    const counts = new Array(6).fill(0);
    const n = 60_000;
    for (let i = 0; i < n; i++) counts[stream.below(6)]++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - n / 6) ** 2 / (n / 6), 0);
    // 99.99 % quantile for 5 degrees of freedom
    expect(chiSquare).toBeLessThan(25.7);
    // A draw taken modulo 3 * 2^30 would fall into the lower third half the time.
    const third = Array.from({ length: 3000 }, () => stream.below(3 * 2 ** 30)).filter((x) => x < 2 ** 30);
    expect(Math.abs(third.length - 1000)).toBeLessThan(130);
    expect(stream.below(1)).toBe(0);
  });
});

describe('shuffle', () => {
  it('goes from the last value to the first, to a place drawn below, and leaves the stream where those draws do', () => {
    // In a million draws some hundred fall into the incomplete run and are drawn again.
    for (const length of [0, 1, 2, 255, 256, 257, 513, 1_000_003]) {
      const [shuffling, drawing] = [randomStream(3, 'shuffle'), randomStream(3, 'shuffle')];
      shuffling.uint32();
      drawing.uint32();
      const values = Float64Array.from({ length }, (_, i) => i);
      const expected = values.slice();
      shuffling.shuffle(values);
      for (let i = length - 1; i > 0; i--) {
        const j = drawing.below(i + 1);
        [expected[i], expected[j]] = [expected[j]!, expected[i]!];
      }
      expect(Buffer.from(values.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
      expect(shuffling.uint32()).toBe(drawing.uint32());
    }
  });
});

describe('permutation', () => {
  it('holds every number once and follows from the stream', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(), (n, seed) => {
        const order = permutation(randomStream(seed, 'order'), n);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
        expect(permutation(randomStream(seed, 'order'), n)).toEqual(order);
      }),
      { numRuns: 50 },
    );
  });

  it('gives each of the 24 orders of four equally often', () => {
    const stream = randomStream(7, 'order');
    const counts = new Map<string, number>();
    const n = 24_000;
    for (let i = 0; i < n; i++) {
      const order = permutation(stream, 4).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 99.99 % quantile for 23 degrees of freedom
    expect(chiSquare).toBeLessThan(57.1);
  });
});
