import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { fitMarchenkoPastur, type MarchenkoPasturFit } from '../../../src/spectra/laws/fitMarchenkoPastur.ts';
import {
  marchenkoPasturCdf,
  marchenkoPasturDensity,
  marchenkoPasturEdges,
  marchenkoPasturQuantile,
  sigmaOfEdge,
} from '../../../src/spectra/laws/marchenkoPastur.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spectrumOf } from '../../../src/spectra/measures/spectrum.ts';
import { gaussianMatrix, spikedMatrix } from '../../../src/spectra/synthetic/matrices.ts';
import { goldenEigenvalues } from '../golden.ts';

const law = (evals: Float64Array, N: number, M: number): MarchenkoPasturFit => {
  const fit = fitMarchenkoPastur(spectrumOf(evals, { N, M }, 'float64'));
  if (fit.sigma === null) throw new Error(fit.reason);
  return fit;
};

describe('the law', () => {
  it.each([1, 1.5, 2, 4.9, 10.667])('has mass 1, mean sigma^2 and variance sigma^4 / Q at Q = %d', (Q) => {
    const sigma = 1.3;
    const { lambdaMinus, lambdaPlus } = marchenkoPasturEdges(Q, sigma);
    // Substituting lambda = mean - amplitude cos(t) takes the square roots out of the integrand: the midpoint rule converges fast.
    const steps = 4000;
    const moments = [0, 0, 0];
    for (let k = 0; k < steps; k++) {
      const t = (Math.PI * (k + 0.5)) / steps;
      const lambda = (lambdaMinus + lambdaPlus) / 2 - ((lambdaPlus - lambdaMinus) / 2) * Math.cos(t);
      const weight =
        (marchenkoPasturDensity(lambda, Q, sigma) *
          ((lambdaPlus - lambdaMinus) / 2) *
          Math.sin(t) *
          Math.PI) /
        steps;
      for (const power of [0, 1, 2]) moments[power]! += weight * lambda ** power;
    }
    const digits = Q === 1 ? 6 : 10;
    expect(moments[0]).toBeCloseTo(1, digits);
    expect(moments[1]! / sigma ** 2).toBeCloseTo(1, digits);
    expect(moments[2]! / sigma ** 4).toBeCloseTo(1 + 1 / Q, digits);
  });

  it.each([1, 1.01, 2, 10])(
    'has a distribution function that is the integral of its density at Q = %d',
    (Q) => {
      const { lambdaMinus, lambdaPlus } = marchenkoPasturEdges(Q, 1);
      for (const share of [0.05, 0.3, 0.7, 0.99]) {
        const lambda = lambdaMinus + share * (lambdaPlus - lambdaMinus);
        const h = 1e-5 * (lambdaPlus - lambdaMinus);
        const slope = (marchenkoPasturCdf(lambda + h, Q, 1) - marchenkoPasturCdf(lambda - h, Q, 1)) / (2 * h);
        expect(slope / marchenkoPasturDensity(lambda, Q, 1)).toBeCloseTo(1, 5);
      }
      expect(marchenkoPasturCdf(lambdaMinus, Q, 1)).toBe(0);
      expect(marchenkoPasturCdf(lambdaPlus, Q, 1)).toBe(1);
    },
  );

  it('is the square of a semicircle at Q = 1', () => {
    // P(lambda <= 1) is the share of the semicircle of radius 2 within -1..1: 1/3 + sqrt(3) / (2 pi).
    expect(marchenkoPasturCdf(1, 1, 1)).toBeCloseTo(1 / 3 + Math.sqrt(3) / (2 * Math.PI), 14);
  });

  it('has quantiles that undo the distribution function', () => {
    for (const p of [1e-6, 0.1, 0.5, 0.9, 0.999]) {
      expect(marchenkoPasturCdf(marchenkoPasturQuantile(p, 2, 1.5), 2, 1.5)).toBeCloseTo(p, 12);
    }
  });

  it("gives the authors' edges: sigma 1.2059 at Q 10.667 is 2.481, 1.2946 at 4.9 is 3.532", () => {
    expect(marchenkoPasturEdges(4096 / 384, 1.2059).lambdaPlus).toBeCloseTo(2.481, 3);
    expect(marchenkoPasturEdges(4.9, 1.2946).lambdaPlus).toBeCloseTo(3.532, 3);
    expect(sigmaOfEdge(2.481, 4096 / 384)).toBeCloseTo(1.2059, 4);
  });

  it('refuses Q < 1 and sigma <= 0', () => {
    expect(() => marchenkoPasturEdges(0.5, 1)).toThrow('Q must be 1 or more, got 0.5');
    expect(() => marchenkoPasturCdf(1, 2, 0)).toThrow('sigma must be positive, got 0');
  });
});

describe('the robust fit', () => {
  const shape = { rows: 600, cols: 300 };

  it.each([
    [400, 400],
    [600, 300],
    [2000, 200],
  ])('finds sigma 1 and no spike in %d x %d noise, and its bulk follows the law', (rows, cols) => {
    const W = gaussianMatrix(randomStream(1, `test/mp/${rows}`), { rows, cols });
    const fit = law(typescriptLinearAlgebra.eigenvalues(W, rows, cols), rows, cols);
    expect(Math.abs(fit.sigma - 1)).toBeLessThan(0.005);
    expect(fit.numSpikes).toBe(0);
    expect(fit.bulkKs).toBeLessThan(4 / cols);
    expect(fit.reason).toBeNull();
  });

  it('finds sigma 1 and every spike, also where a fifth of the spectrum is spikes', () => {
    for (const count of [1, 9, 60]) {
      const strengths = Array.from({ length: count }, (_, i) => 2 + (3 * i) / count);
      const W = spikedMatrix(randomStream(2, `test/mp/${count}`), shape, strengths);
      const fit = law(typescriptLinearAlgebra.eigenvalues(W, 600, 300), 600, 300);
      expect(fit.numSpikes).toBe(count);
      expect(Math.abs(fit.sigma - 1)).toBeLessThan(count === 60 ? 0.03 : 0.01);
    }
  });

  it.each([
    ['gauss_192x384', 0],
    ['spiked_192x384', 5],
    ['portable_gauss_192x384_s1', 0],
    ['portable_spiked_192x384_s2', 3],
  ])('of the golden %s has sigma 1 and %d spikes', (name, spikes) => {
    const fit = law(goldenEigenvalues[name]!, 384, 192);
    expect(fit.numSpikes).toBe(spikes);
    expect(Math.abs(fit.sigma - 1)).toBeLessThan(0.01);
  });

  it('of pooled replicas is that of one', () => {
    const pool = Array.from({ length: 5 }, (_, i) => {
      const W = spikedMatrix(randomStream(i, 'test/mp/pool'), { rows: 300, cols: 150 }, [3, 4]);
      return [...typescriptLinearAlgebra.eigenvalues(W, 300, 150)];
    }).flat();
    const fit = law(Float64Array.from(pool).sort(), 300, 150);
    expect(fit.numSpikes).toBe(10);
    expect(Math.abs(fit.sigma - 1)).toBeLessThan(0.01);
  });

  it('does not depend on the scale', () => {
    const evals = goldenEigenvalues.spiked_192x384!;
    const fit = law(evals, 384, 192);
    for (const scale of [1e-12, 1e12]) {
      const scaled = law(
        evals.map((value) => value * scale),
        384,
        192,
      );
      expect(scaled.numSpikes).toBe(fit.numSpikes);
      expect(scaled.mpSoftRank).toBeCloseTo(fit.mpSoftRank, 12);
      expect(scaled.sigma / Math.sqrt(scale)).toBeCloseTo(fit.sigma, 12);
    }
  });

  it('says why there is none', () => {
    const zeros = fitMarchenkoPastur(spectrumOf(new Float64Array(20), { N: 20, M: 20 }));
    expect(zeros).toMatchObject({ sigma: null, reason: 'all eigenvalues are 0' });
    const few = fitMarchenkoPastur(spectrumOf(Float64Array.of(1, 2, 3), { N: 20, M: 3 }));
    expect(few).toMatchObject({
      sigma: null,
      reason: expect.stringContaining('8 eigenvalues or more, got 3'),
    });
  });
});

describe("the authors' edge rule", () => {
  it('ends the law at the first eigenvalue that is left', () => {
    const evals = goldenEigenvalues.spiked_192x384!;
    const spectrum = spectrumOf(evals, { N: 384, M: 192 });
    const fit = fitMarchenkoPastur(spectrum, { mode: 'edge', numSpikes: 5 });
    if (fit.sigma === null) throw new Error(fit.reason);
    expect(fit.lambdaPlus).toBeCloseTo(evals[186]!, 12);
    expect(fit.mpSoftRank).toBeCloseTo(evals[186]! / evals[191]!, 12);
    expect(fit.numSpikes).toBe(5);
    expect(() => fitMarchenkoPastur(spectrum, { mode: 'edge', numSpikes: 185 })).toThrow(
      'numSpikes must be an integer in 0..184, got 185',
    );
  });
});
