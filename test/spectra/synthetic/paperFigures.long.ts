import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { criticalStrength, spikeFluctuation, spikeLocation } from '../../../src/spectra/laws/spikedModel.ts';
import { layerSpectrum } from '../../../src/spectra/layerSpectrum.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spectrumOf } from '../../../src/spectra/measures/spectrum.ts';
import { axisSpikedMatrix, paretoMatrix } from '../../../src/spectra/synthetic/matrices.ts';

const { universality } = JSON.parse(
  readFileSync(new URL('../../fixtures/golden/authors-universality.json', import.meta.url), 'utf8'),
);

/** Least-squares line. */
function line(x: readonly number[], y: readonly number[]): { slope: number; intercept: number } {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const slope =
    x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0) /
    x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
  return { slope, intercept: my - slope * mx };
}

it("alpha of mu for Lomax matrices of M = 1000, Q = 2 has the authors' two slopes", () => {
  const stream = randomStream(0, 'test/alpha-of-mu');
  const draws = Array.from({ length: 100 }, () => {
    const mu = 0.5 + 3 * stream.uniform();
    const W = paretoMatrix(stream, { rows: 2000, cols: 1000 }, { mu, kind: 'lomax' });
    // At small mu the spectrum spans more than float64 holds; layerSpectrum leaves the eigenvalues that are 0 out of the fit.
    const evals = typescriptLinearAlgebra.eigenvalues(W, 2000, 1000);
    const alpha = layerSpectrum(spectrumOf(evals, { N: 2000, M: 1000 }, 'float64')).alpha!;
    return { mu, alpha };
  }).sort((a, b) => a.mu - b.mu);
  const lineOf = (half: typeof draws) =>
    line(
      half.map(({ mu }) => mu),
      half.map(({ alpha }) => alpha),
    );
  const lower = lineOf(draws.slice(0, 50));
  const upper = lineOf(draws.slice(50));
  console.log('alpha of mu: lower', lower, 'upper', upper);
  const authors = universality.alpha_of_mu;
  expect(Math.abs(lower.slope - authors.lower_half.slope)).toBeLessThan(0.1);
  expect(Math.abs(lower.intercept - authors.lower_half.intercept)).toBeLessThan(0.1);
  // The upper half scatters more: a tenth of a unit of alpha over its range.
  expect(Math.abs(upper.slope - authors.upper_half.slope)).toBeLessThan(0.25);
});

it('a spike at 1.2 times the critical strength fluctuates by 0.861 tau / sqrt(N) at N = 1000, M = 500', () => {
  const strength = 1.2 * criticalStrength(2);
  const deviations = Array.from({ length: 400 }, (_, i) => {
    const W = axisSpikedMatrix(randomStream(i, 'test/spike-width'), { rows: 1000, cols: 500 }, [strength]);
    const largest = typescriptLinearAlgebra.eigenvalues(W, 1000, 500)[499]!;
    return ((largest - spikeLocation(strength, 2)) / spikeFluctuation(strength, 2)) * Math.sqrt(1000);
  });
  const mean = deviations.reduce((sum, value) => sum + value, 0) / deviations.length;
  const spread = Math.sqrt(
    deviations.reduce((sum, value) => sum + (value - mean) ** 2, 0) / deviations.length,
  );
  console.log('spike: mean', mean, 'spread', spread);
  expect(Math.abs(spread - 0.861)).toBeLessThan(0.861 * 4 * 0.036);
});
