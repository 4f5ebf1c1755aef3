import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { airyAi } from '../../../src/spectra/laws/airy.ts';
import {
  johnstone,
  largestEigenvaluePValue,
  TW1_QUANTILE_99,
  tracyWidomCdf,
  tracyWidomEdge,
  tracyWidomQuantile,
} from '../../../src/spectra/laws/tracyWidom.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { gaussianMatrix } from '../../../src/spectra/synthetic/matrices.ts';

/** Johnstone, Ann. Statist. 29 (2001) 295, gives 0.98. */
const TW1_QUANTILE_95 = 0.97931605;

describe('Airy function', () => {
  it.each([
    [-9, -0.0221337215473414],
    [-7, 0.184280835250506],
    [-6, -0.329145173629823],
    [-4.5, 0.292152781055959],
    [-2, 0.227407428201686],
    [-1, 0.535560883292352],
    [0, 0.355028053887817],
    [1, 0.135292416312881],
    [2.5, 0.0157259233804705],
    [5, 1.08344428136074e-4],
    [5.4, 4.27298616941166e-5],
    [5.6, 2.650061329685e-5],
    [8, 4.69220761609923e-8],
    [12, 1.39318468887536e-13],
  ])('Ai(%d) is %d (mpmath)', (x, expected) => {
    expect(Math.abs(airyAi(x) - expected)).toBeLessThan(x < -6 ? 1e-10 : 1e-12);
    if (x > 5) expect(airyAi(x) / expected).toBeCloseTo(1, 6);
  });

  it('satisfies y" = x y', () => {
    const h = 1e-3;
    for (const x of [-5, -1.3, 0.4, 3, 5.499]) {
      const curvature = (airyAi(x + h) - 2 * airyAi(x) + airyAi(x - h)) / (h * h);
      expect(curvature).toBeCloseTo(x * airyAi(x), 5);
    }
  });

  it('refuses what it cannot compute', () => {
    expect(() => airyAi(-9.5)).toThrow('must be -9 or more, got -9.5');
    expect(() => airyAi(Number.NaN)).toThrow('got NaN');
  });
});

describe('Tracy-Widom law', () => {
  it('has the known mean, variance and skewness', () => {
    // E s^k by parts: over s > 0 of k s^(k-1) (1 - F), less that over s < 0 of k s^(k-1) F, each by Simpson's rule.
    const moments = [0, 0, 0];
    const h = 1 / 8;
    for (const { from, steps, sign } of [
      { from: -8, steps: 64, sign: -1 },
      { from: 0, steps: 80, sign: 1 },
    ]) {
      for (let i = 0; i <= steps; i++) {
        const s = from + i * h;
        const weight = ((i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2) * h) / 3;
        const tail = sign < 0 ? tracyWidomCdf(s) : 1 - tracyWidomCdf(s);
        for (const k of [1, 2, 3]) moments[k - 1]! += sign * weight * k * s ** (k - 1) * tail;
      }
    }
    const [mean, second, third] = moments as [number, number, number];
    const variance = second - mean ** 2;
    // Bornemann, Math. Comp. 79 (2010) 871.
    expect(mean).toBeCloseTo(-1.206533574582, 5);
    expect(variance).toBeCloseTo(1.607781034581, 5);
    expect((third - 3 * mean * second + 2 * mean ** 3) / variance ** 1.5).toBeCloseTo(0.29346452408, 4);
  });

  it('has the tabled quantiles', () => {
    expect(tracyWidomCdf(TW1_QUANTILE_95)).toBeCloseTo(0.95, 7);
    expect(tracyWidomCdf(TW1_QUANTILE_99)).toBeCloseTo(0.99, 7);
    expect(tracyWidomQuantile(0.99)).toBeCloseTo(TW1_QUANTILE_99, 6);
    expect(tracyWidomQuantile(0.5)).toBeCloseTo(-1.26857, 4);
  });

  it('rises from 0 to 1', () => {
    let previous = 0;
    for (let s = -9; s <= 13; s += 0.25) {
      const value = tracyWidomCdf(s);
      expect(value).toBeGreaterThanOrEqual(previous - 1e-9);
      previous = value;
    }
    expect([tracyWidomCdf(-20), tracyWidomCdf(20)]).toEqual([0, 1]);
  });
});

describe('the largest eigenvalue of noise', () => {
  it('is where Johnstone puts it', () => {
    const { center, scale } = johnstone(384, 192, 1);
    expect(center).toBeCloseTo((Math.sqrt(383) + Math.sqrt(192)) ** 2 / 384, 12);
    expect(tracyWidomEdge(384, 192, 2)).toBeCloseTo(4 * (center + TW1_QUANTILE_99 * scale), 12);
    expect(largestEigenvaluePValue(center + TW1_QUANTILE_95 * scale, 384, 192, 1)).toBeCloseTo(0.05, 6);
    expect(() => johnstone(3, 4, 1)).toThrow('shape must be N >= M >= 1 and N > 1, got 3 x 4');
  });

  it('has uniform p-values', () => {
    const draws = 400;
    const p = Array.from({ length: draws }, (_, i) => {
      const evals = typescriptLinearAlgebra.eigenvalues(
        gaussianMatrix(randomStream(i, 'test/tw'), { rows: 60, cols: 30 }),
        60,
        30,
      );
      return largestEigenvaluePValue(evals[29]!, 60, 30, 1);
    }).sort((a, b) => a - b);
    const distance = Math.max(...p.map((value, i) => Math.abs(value - (i + 0.5) / draws)));
    expect(distance).toBeLessThan(1.63 / Math.sqrt(draws)); // the 1 % limit of Kolmogorov and Smirnov
  });

  it('of several matrices is exceeded as rarely as that of one', () => {
    const edge = tracyWidomEdge(384, 192, 1, 10);
    expect(1 - (1 - largestEigenvaluePValue(edge, 384, 192, 1)) ** 10).toBeCloseTo(0.01, 6);
  });
});
