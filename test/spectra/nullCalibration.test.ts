import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spectrumOf } from '../../src/spectra/measures/spectrum.ts';
import { nullCalibration, randomizedSpectrum } from '../../src/spectra/nullCalibration.ts';
import { gaussianMatrix, spikedMatrix } from '../../src/spectra/synthetic/matrices.ts';

const shape = { rows: 80, cols: 40 };
const calibrate = (W: Float64Array, seed = 0, copies = 19) =>
  nullCalibration(
    spectrumOf(typescriptLinearAlgebra.eigenvalues(W, 80, 40), { N: 80, M: 40 }, 'float64'),
    { matrices: [W], ...shape, precision: 'float64' },
    { copies, fit: 'paper' },
    randomStream(seed, 'test/null'),
    typescriptLinearAlgebra,
  )!;

describe('nullCalibration', () => {
  it('finds spikes beyond every copy', () => {
    const result = calibrate(spikedMatrix(randomStream(1, 'test/spiked'), shape, [3, 4]));
    expect(result.p_lambda_max).toBe(1 / 20);
    expect(result.p_num_spikes).toBe(1 / 20);
    expect(result.ww_softrank).toBeLessThan(0.5);
    expect(result.ww_maxdist).toBeGreaterThan(5);
    expect(result.rand_num_spikes).toBeLessThan(0.5);
    // The energy of the spikes is spread over the copy: sigma^2 = 1 + (9 + 16) / 40.
    expect(Math.abs(result.rand_sigma_mp! - Math.sqrt(1 + 25 / 40))).toBeLessThan(0.05);
    // The largest of 19 small copies lies about where the law of that sigma ends.
    expect(Math.abs(result.sigma_shuf / result.rand_sigma_mp! - 1)).toBeLessThan(0.05);
  });

  it('gives p-values for noise that are uniform enough', () => {
    const p = Array.from(
      { length: 40 },
      (_, i) => calibrate(gaussianMatrix(randomStream(i, 'test/noise'), shape), i).p_lambda_max,
    );
    const mean = p.reduce((sum, value) => sum + value, 0) / p.length;
    expect(Math.abs(mean - 0.525)).toBeLessThan(4 * Math.sqrt(1 / 12 / p.length));
    expect(Math.min(...p)).toBeGreaterThanOrEqual(1 / 20);
  });

  it('counts correlation traps: large entries make them in every copy, correlations in none', () => {
    const traps = (W: Float64Array) => calibrate(W, 3, 5).num_traps;
    expect(traps(spikedMatrix(randomStream(1, 'test/spiked'), shape, [3, 4]))).toBe(0);
    const W = gaussianMatrix(randomStream(7, 'test/trap'), shape);
    W[5] = 4;
    W[1000] = -5;
    const result = calibrate(W, 3, 5);
    expect(result.num_traps).toBe(2);
    expect(result.rand_lambda_max).toBeGreaterThan(result.rand_tw_edge!);
  });

  it('is seeded and free of scale', () => {
    const W = spikedMatrix(randomStream(2, 'test/spiked'), shape, [2]);
    const one = calibrate(W);
    expect(calibrate(W)).toEqual(one);
    expect(calibrate(W, 1)).not.toEqual(one);
    const scaled = calibrate(W.map((w) => w * 2 ** -20));
    expect([scaled.p_alpha, scaled.p_lambda_max, scaled.p_num_spikes]).toEqual([
      one.p_alpha,
      one.p_lambda_max,
      one.p_num_spikes,
    ]);
    expect(scaled.rand_alpha).toBeCloseTo(one.rand_alpha!, 9);
    expect(scaled.rand_distance).toBeCloseTo(one.rand_distance, 9);
  });

  it('keeps the entries of each matrix of a convolution, and with them its energy', () => {
    const matrices = [1, 10].map((scale, i) =>
      gaussianMatrix(randomStream(i, 'test/conv'), { rows: 12, cols: 6 }).map((w) => w * scale),
    );
    const { eigenvalues: evals } = randomizedSpectrum(
      { matrices, rows: 12, cols: 6, precision: 'float64' },
      randomStream(0, 'x'),
      typescriptLinearAlgebra,
    );
    expect(evals.length).toBe(12);
    const energy = matrices.flatMap((W) => [...W]).reduce((sum, w) => sum + w * w, 0);
    expect(evals.reduce((sum, value) => sum + value, 0) / energy).toBeCloseTo(1, 12);
  });

  it('refuses no copies, and a zero matrix has no null', () => {
    expect(() => calibrate(new Float64Array(3200), 0, 0)).toThrow('copies must be a positive integer, got 0');
    expect(calibrate(new Float64Array(3200))).toBeNull();
  });
});
