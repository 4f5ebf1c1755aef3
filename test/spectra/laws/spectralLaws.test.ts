import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { logGamma, logMinusDigamma, upperGamma } from '../../../src/spectra/laws/gamma.ts';
import { fitInverseGamma, inverseGammaCdf } from '../../../src/spectra/laws/inverseGamma.ts';
import { marchenkoPasturCdf, marchenkoPasturEdges } from '../../../src/spectra/laws/marchenkoPastur.ts';
import { meanSpacingRatio, spacingDistances } from '../../../src/spectra/laws/spacings.ts';
import { layerSpectrum } from '../../../src/spectra/layerSpectrum.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spectrumOf } from '../../../src/spectra/measures/spectrum.ts';
import { spikedMatrix } from '../../../src/spectra/synthetic/matrices.ts';
import { goldenEigenvalues } from '../golden.ts';

interface Golden {
  count: number;
  shape: number;
  scale: number;
  ks: number;
  loglikelihood: number;
  ratio: number;
  bulk?: number;
  sigma: number;
  wigner: number;
  poisson: number;
}
const golden: Record<string, Golden> = JSON.parse(
  readFileSync(new URL('../../fixtures/golden/laws.json', import.meta.url), 'utf8'),
);
const relative = (value: number, expected: number): number => Math.abs(value / expected - 1);

describe.each(Object.entries(golden))('%s', (name, expected) => {
  const evals = goldenEigenvalues[name]!;
  const positive = evals.filter((value) => value > 1e-9 * evals[evals.length - 1]!);

  it('has the inverse-gamma law of scipy', () => {
    expect(positive.length).toBe(expected.count);
    const fit = fitInverseGamma(positive)!;
    expect(relative(fit.shape, expected.shape)).toBeLessThan(1e-9);
    expect(relative(fit.scale, expected.scale)).toBeLessThan(1e-9);
    expect(Math.abs(fit.ks - expected.ks)).toBeLessThan(1e-9);
  });

  it('has the spacings of numpy', () => {
    expect(relative(meanSpacingRatio(positive)!, expected.ratio)).toBeLessThan(1e-9);
    if (expected.bulk === undefined) return;
    const { sigma } = expected;
    const { lambdaMinus, lambdaPlus } = marchenkoPasturEdges(2, sigma);
    const bulk = positive.filter((value) => value > lambdaMinus && value < lambdaPlus);
    const distances = spacingDistances(bulk, (value) => marchenkoPasturCdf(value, 2, sigma))!;
    expect(Math.abs(distances.wigner - expected.wigner)).toBeLessThan(1e-7);
    expect(Math.abs(distances.poisson - expected.poisson)).toBeLessThan(1e-7);
  });
});

describe('special functions in closed form', () => {
  it('Gamma, digamma, and the incomplete gamma function', () => {
    expect(relative(logGamma(0.5), Math.log(Math.PI) / 2)).toBeLessThan(1e-13);
    expect(relative(logGamma(10), Math.log(362880))).toBeLessThan(1e-13);
    const euler = 0.5772156649015329;
    expect(relative(logMinusDigamma(1), euler)).toBeLessThan(1e-13);
    expect(relative(logMinusDigamma(0.5), Math.log(0.5) + euler + 2 * Math.LN2)).toBeLessThan(1e-12);
    expect(relative(logMinusDigamma(1e8), 5e-9)).toBeLessThan(1e-8);
    for (const x of [0.01, 0.9, 3, 40, 300]) {
      expect(relative(upperGamma(1, x), Math.exp(-x))).toBeLessThan(1e-12);
      expect(relative(upperGamma(3, x), Math.exp(-x) * (1 + x + (x * x) / 2))).toBeLessThan(1e-12);
    }
    expect(upperGamma(2, 0)).toBe(1);
  });
});

describe('laws', () => {
  it('find the parameters that values were drawn with, in any unit', () => {
    // Quantiles of the law of shape 2: Q(2, x) = (1 + x) exp(-x).
    const quantile = (p: number): number => {
      let [low, high] = [1e-6, 1e6];
      for (let i = 0; i < 200; i++) {
        const middle = Math.sqrt(low * high);
        if (inverseGammaCdf(middle, { shape: 2, scale: 3 }) < p) low = middle;
        else high = middle;
      }
      return low;
    };
    const values = Float64Array.from({ length: 2000 }, (_, i) => quantile((i + 0.5) / 2000));
    const fit = fitInverseGamma(values)!;
    expect(relative(fit.shape, 2)).toBeLessThan(0.01);
    expect(relative(fit.scale, 3)).toBeLessThan(0.01);
    expect(fit.ks).toBeLessThan(0.002);
    const scaled = fitInverseGamma(values.map((value) => value * 1e-290))!;
    expect(relative(scaled.shape, fit.shape)).toBeLessThan(1e-10);
    expect(relative(scaled.scale * 1e290, fit.scale)).toBeLessThan(1e-10);
    expect(fitInverseGamma(new Float64Array(20).fill(4))).toBeNull();
    expect(fitInverseGamma(values.subarray(0, 7))).toBeNull();
  });

  it('noise repels: ratio 0.531 and the surmise; independent values do not: 0.386 and exp(-s)', () => {
    const W = spikedMatrix(randomStream(0, 'test/spacings'), { rows: 800, cols: 600 }, []);
    const evals = typescriptLinearAlgebra.eigenvalues(W, 800, 600);
    const row = layerSpectrum(spectrumOf(evals, { N: 800, M: 600 }, 'float64'));
    // A standard error of 0.26 / sqrt(600).
    expect(Math.abs(row.spacing_ratio_bulk! - 0.5307)).toBeLessThan(0.03);
    expect(row.wigner_D!).toBeLessThan(0.05);
    expect(row.poisson_D!).toBeGreaterThan(0.15);
    expect(row.spacing_ratio_tail).toBeNull();
    const stream = randomStream(1, 'test/spacings');
    const independent = Float64Array.from({ length: 2000 }, () => stream.uniform()).sort();
    expect(Math.abs(meanSpacingRatio(independent)! - (2 * Math.LN2 - 1))).toBeLessThan(0.02);
    const distances = spacingDistances(independent, (value) => value)!;
    expect(distances.poisson).toBeLessThan(0.03);
    expect(distances.wigner).toBeGreaterThan(0.15);
  });

  it('pooled matrices and few values have no spacings', () => {
    const evals = Float64Array.from({ length: 40 }, (_, i) => 1 + i / 40);
    const pooled = layerSpectrum(spectrumOf(evals, { N: 40, M: 20 }, 'float64'));
    expect(pooled.spacing_ratio_bulk).toBeNull();
    expect(meanSpacingRatio([1, 2, 3])).toBeNull();
    expect(spacingDistances([1, 2, 3], (value) => value)).toBeNull();
  });
});
