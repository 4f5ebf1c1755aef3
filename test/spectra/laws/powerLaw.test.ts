import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { fitPowerLaw, type PowerLawMode } from '../../../src/spectra/laws/powerLaw.ts';
import { goldenEigenvalues, goldenStage } from '../golden.ts';

/** The matrices whose golden fits left out eigenvalues below an absolute 1e-5. */
const positive = (name: string): Float64Array => goldenEigenvalues[name]!.filter((value) => value > 1e-5);

function expectFit(row: Record<string, string>, mode: PowerLawMode, scale = 1): void {
  const fit = fitPowerLaw(positive(row.name!), mode);
  if (fit.alpha === null) throw new Error(fit.reason);
  expect(fit.alpha / Number(row.alpha)).toBeCloseTo(1, 8);
  expect(fit.D / Number(row.D)).toBeCloseTo(1, 8);
  expect((fit.xmin * scale) / Number(row.xmin)).toBeCloseTo(1, 8);
  expect(fit.sigma / Number(row.sigma)).toBeCloseTo(1, 8);
  expect(fit.tail).toBe(Number(row.num_pl_spikes));
}

describe('golden power laws', () => {
  const paper = goldenStage('powerlaw1.4.6_xmax=max');
  const noLimit = goldenStage('powerlaw1.4.6_xmax=none');
  const ww = ['base', 'portable'].flatMap(goldenStage).filter((row) => Number(row.alpha) > 0);
  const conv = goldenStage('conv');

  it('are all there', () => {
    expect([paper.length, noLimit.length, ww.length, conv.length]).toEqual([8, 8, 15, 7]);
  });
  it.each(paper)('paper is powerlaw 1.4.6 with xmax = max: $name', (row) => expectFit(row, 'paper'));
  it.each(noLimit)('ww is powerlaw 1.4.6 without xmax: $name', (row) => expectFit(row, 'ww'));
  it.each(ww)('ww is WeightWatcher: $stage $name', (row) => expectFit(row, 'ww'));
  it.each(conv)('ww is WeightWatcher on pooled slices and on fewer than 20 eigenvalues: $name', (row) => {
    expectFit(row, 'ww', row.layer_type === 'conv2d' ? 0.5 : 1);
  });
});

describe('power laws of known exponent', () => {
  const draw = (n: number, alpha: number, seed: number): Float64Array => {
    const stream = randomStream(seed, 'test/powerLaw');
    return Float64Array.from({ length: n }, () => (1 - stream.uniform()) ** (-1 / (alpha - 1))).sort();
  };

  it.each([1.5, 2, 3, 4.5])('hill finds alpha %d from the median on within four standard errors', (alpha) => {
    const fit = fitPowerLaw(draw(20000, alpha, 1), 'hill');
    if (fit.alpha === null) throw new Error(fit.reason);
    expect(fit.tail).toBe(10000);
    expect(Math.abs(fit.alpha - alpha)).toBeLessThan(4 * fit.sigma);
  });

  it.each([1.5, 2, 3, 4.5])('ww finds alpha %d and a distance of order n^-1/2', (alpha) => {
    const fit = fitPowerLaw(draw(3000, alpha, 2), 'ww');
    if (fit.alpha === null) throw new Error(fit.reason);
    expect(Math.abs(fit.alpha - alpha)).toBeLessThan(5 * fit.sigma);
    expect(fit.D).toBeLessThan(1.36 / Math.sqrt(fit.tail));
  });

  it('does not depend on the scale', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 60 }),
        fc.integer({ min: -60, max: 60 }),
        fc.constantFrom<PowerLawMode>('paper', 'ww', 'hill'),
        (values, exponent, mode) => {
          const evals = Float64Array.from(values).sort();
          const scaled = evals.map((value) => value * 2 ** exponent);
          const fit = fitPowerLaw(evals, mode);
          const again = fitPowerLaw(scaled, mode);
          expect(again.alpha).toBe(fit.alpha);
          if (fit.alpha !== null && again.alpha !== null) {
            expect(again.xmin).toBe(fit.xmin * 2 ** exponent);
            expect([again.D, again.tail]).toEqual([fit.D, fit.tail]);
            expect(fit.alpha).toBeGreaterThan(1);
            expect(fit.D).toBeGreaterThanOrEqual(0);
          }
        },
      ),
      { numRuns: 300, seed: 3 },
    );
  });

  it('says why there is none', () => {
    expect(fitPowerLaw(new Float64Array(0), 'paper')).toMatchObject({
      alpha: null,
      reason: expect.stringMatching(/got none$/),
    });
    expect(fitPowerLaw(Float64Array.of(2, 2, 2), 'ww')).toMatchObject({
      alpha: null,
      reason: expect.stringMatching(/3 equal to 2$/),
    });
    expect(fitPowerLaw(Float64Array.of(1, 2, 2, 2), 'hill')).toMatchObject({
      alpha: null,
      reason: expect.stringMatching(/median/),
    });
    expect(() => fitPowerLaw(Float64Array.of(0, 1), 'ww')).toThrow('must be positive, got 0');
  });
});
