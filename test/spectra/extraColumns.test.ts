import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import {
  bootstrapColumns,
  fixedAspectColumns,
  localizationColumns,
  tailTypeColumns,
} from '../../src/spectra/extraColumns.ts';
import { fixedAspectEigenvalues } from '../../src/spectra/fixedAspect.ts';
import { bootstrapAlpha } from '../../src/spectra/laws/bootstrapAlpha.ts';
import { fitPowerLaw } from '../../src/spectra/laws/powerLaw.ts';
import { alphaOfMu, finiteAlphaOfMu, muOfAlpha } from '../../src/spectra/laws/tailExponents.ts';
import { layerSpectrum } from '../../src/spectra/layerSpectrum.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { detX } from '../../src/spectra/measures/detX.ts';
import { layerLocalization, vectorLocalization } from '../../src/spectra/measures/localization.ts';
import { type Spectrum, spectrumOf } from '../../src/spectra/measures/spectrum.ts';
import { gaussianMatrix, paretoMatrix, spikedMatrix } from '../../src/spectra/synthetic/matrices.ts';
import { goldenEigenvalues, goldenStage } from './golden.ts';

/** The spectrum of a square matrix. */
function spectrum(...eigenvalues: number[]): Spectrum {
  const { length } = eigenvalues;
  return spectrumOf(Float64Array.from(eigenvalues), { N: length, M: length });
}

describe('detX', () => {
  it.each(['base', 'portable'].flatMap(goldenStage).filter((row) => row.detX_num !== ''))(
    "is WeightWatcher's: $stage $name",
    (row) => {
      const spectrum = layerSpectrum(spectrumOf(goldenEigenvalues[row.name!]!, { N: 384, M: 192 }), {
        fit: 'ww',
      });
      expect(spectrum.detX_num).toBe(Number(row.detX_num));
      expect(spectrum.num_ERG_spikes).toBe(Number(row.num_ERG_spikes));
      if (!row.name!.startsWith('lowrank')) {
        expect(Number(spectrum.detX_val) / Number(row.detX_val)).toBeCloseTo(1, 8);
      }
      if (Number(row.alpha) > 0) expect(spectrum.ERG_gap).toBe(Number(row.ERG_gap));
    },
  );

  it('has closed forms', () => {
    // Rescaled to mean 1: 1/8, 1/8, 1/2, 13/4; the product of the last three is 13/64 < 1, of the last two 13/8.
    expect(detX(spectrum(1, 1, 4, 26))).toEqual({ count: 3, value: 1 });
    expect(detX(spectrum(2, 2, 2))).toBeNull();
    expect(detX(spectrum(3))).toBeNull();
    expect(detX(spectrum(0, 0, 1))).toEqual({ count: 2, value: 0 });
  });
});

describe('bootstrap interval of alpha', () => {
  const draw = (seed: number, n: number, scale = 1): Spectrum => {
    const stream = randomStream(seed, 'test/bootstrap');
    return spectrum(
      ...Array.from({ length: n }, () => scale * (1 - stream.uniform()) ** -0.5).sort((a, b) => a - b),
    );
  };

  it('covers the truth about as often as it says (hill, alpha 3)', () => {
    let covered = 0;
    for (let seed = 0; seed < 60; seed++) {
      const interval = bootstrapAlpha(draw(seed, 200), 'hill', 100, randomStream(seed, 'test/resample'))!;
      if (interval.low <= 3 && 3 <= interval.high) covered++;
    }
    expect(covered / 60).toBeGreaterThan(0.8);
    expect(covered / 60).toBeLessThan(1);
  });

  it('holds the estimate, is seeded and does not depend on the scale', () => {
    const evals = draw(1, 150);
    const of = (scale: number, seed: number) =>
      bootstrapAlpha(draw(1, 150, scale), 'paper', 50, randomStream(seed, 'x'))!;
    const alpha = fitPowerLaw(evals.positive, 'hill').alpha!;
    const hill = bootstrapAlpha(evals, 'hill', 50, randomStream(1, 'x'))!;
    expect(hill.low).toBeLessThan(alpha);
    expect(hill.high).toBeGreaterThan(alpha);
    expect(of(1, 1)).toEqual(of(1, 1));
    expect(of(1, 1)).toEqual(of(2 ** -40, 1));
    expect(of(1, 1)).not.toEqual(of(1, 2));
  });

  it('is null where nothing can be fitted', () => {
    expect(bootstrapAlpha(spectrum(0, 0), 'ww', 5, randomStream(0, 'x'))).toBeNull();
    expect(bootstrapAlpha(spectrum(2, 2, 2), 'ww', 5, randomStream(0, 'x'))).toBeNull();
    expect(() => bootstrapAlpha(spectrum(1, 2), 'ww', 0, randomStream(0, 'x'))).toThrow(
      'resamples must be a positive integer, got 0',
    );
    expect(bootstrapColumns(spectrum(3, 3), { fit: 'ww', resamples: 5 }, randomStream(0, 'x'))).toEqual({
      alpha_low: null,
      alpha_high: null,
      bootstrap_resamples: 0,
    });
  });
});

describe('localization', () => {
  it('of a unit vector along an axis and of equal entries', () => {
    expect(vectorLocalization(Float64Array.of(0, 0, -3, 0))).toMatchObject({
      localizationRatio: 1,
      participationRatio: 1,
    });
    const equal = vectorLocalization(new Float64Array(81).fill(0.2));
    expect(equal.localizationRatio).toBeCloseTo(81, 10);
    expect(equal.participationRatio).toBeCloseTo(3, 12);
    expect(equal.entropy).toBe(0);
    expect(vectorLocalization(Float64Array.of(0, 1)).entropy).toBeCloseTo(Math.LN2, 14);
    expect(() => vectorLocalization(new Float64Array(3))).toThrow('vector must not be 0');
  });

  it("of noise is near the authors' bulk values for vectors of 384 entries: 97.7, 3.37, 4.109", () => {
    const stream = randomStream(8, 'test/localization');
    const vectors = Array.from({ length: 400 }, () =>
      Float64Array.from({ length: 384 }, () => stream.normal()),
    );
    const { bulk, spikes } = layerLocalization(vectors, 0);
    expect(Math.abs(bulk!.localizationRatio - 97.728)).toBeLessThan(2);
    expect(Math.abs(bulk!.participationRatio - (384 / 3) ** 0.25)).toBeLessThan(0.02);
    expect(Math.abs(bulk!.entropy - 4.10858)).toBeLessThan(0.02);
    expect(spikes).toBeNull();
  });

  it('tells a localized spike from the bulk', () => {
    const W = gaussianMatrix(randomStream(9, 'test/localization'), { rows: 200, cols: 100 });
    W[0] = W[0]! + 8;
    const columns = localizationColumns(
      [W],
      200,
      100,
      { num_spikes: 1, xmin: null },
      typescriptLinearAlgebra,
    );
    expect(Number(columns.participation_ratio_spikes)).toBeLessThan(1.2);
    expect(Number(columns.participation_ratio_bulk)).toBeGreaterThan(2);
    expect(Number(columns.localization_ratio_spikes)).toBeLessThan(Number(columns.localization_ratio_bulk));
    expect(() => layerLocalization([W], 2)).toThrow('numSpikes must be in 0..1, got 2');
  });

  it('takes the spikes of all matrices of a convolution together, wherever they lie', () => {
    const stream = randomStream(10, 'test/localization');
    const slices = Array.from({ length: 9 }, () => gaussianMatrix(stream, { rows: 60, cols: 40 }));
    slices[4]![0] = slices[4]![0]! + 30;
    slices[7]![2] = slices[7]![2]! + 20;
    const together = localizationColumns(
      slices,
      60,
      40,
      { num_spikes: 2, xmin: 1e3 },
      typescriptLinearAlgebra,
    );
    expect(Number(together.participation_ratio_spikes)).toBeLessThan(1.1);
    expect(Number(together.tail_mean_part_ratio)).toBeLessThan(1.3);
    const bulk = Number(together.participation_ratio_bulk);
    expect(Math.abs(bulk - (40 / 3) ** 0.25)).toBeLessThan(0.1);
  });
});

describe('submatrices of one aspect ratio', () => {
  it('of the whole shape are the matrix itself', () => {
    const W = gaussianMatrix(randomStream(1, 'test/farms'), { rows: 60, cols: 30 });
    const pooled = fixedAspectEigenvalues(W, 60, 30, { aspect: 2, columns: 30 }, typescriptLinearAlgebra);
    expect(pooled).toEqual(typescriptLinearAlgebra.eigenvalues(W, 60, 30));
  });

  it('of W and of its transpose are the same', () => {
    const W = gaussianMatrix(randomStream(2, 'test/farms'), { rows: 50, cols: 20 });
    const T = new Float64Array(1000);
    for (let i = 0; i < 50; i++) for (let j = 0; j < 20; j++) T[j * 50 + i] = W[i * 20 + j]!;
    const shape = { aspect: 1, columns: 10 };
    const one = fixedAspectEigenvalues(W, 50, 20, shape, typescriptLinearAlgebra);
    const other = fixedAspectEigenvalues(T, 20, 50, shape, typescriptLinearAlgebra);
    expect(one.length).toBe(10 * 5 * 2);
    for (const [i, value] of one.entries()) expect(other[i]).toBeCloseTo(value, 12);
  });

  it('make alpha of noise comparable across aspect ratios', () => {
    const alphas = [
      { rows: 400, cols: 100 },
      { rows: 1000, cols: 100 },
    ].map((shape) => {
      const W = gaussianMatrix(randomStream(3, 'test/farms'), shape);
      const whole = fitPowerLaw(typescriptLinearAlgebra.eigenvalues(W, shape.rows, shape.cols), 'hill')
        .alpha!;
      const columns = fixedAspectColumns(
        W,
        shape.rows,
        shape.cols,
        { aspect: 1, columns: 50 },
        typescriptLinearAlgebra,
      );
      return { whole, farms: Number(columns.farms_alpha) };
    });
    expect(Math.abs(alphas[0]!.whole - alphas[1]!.whole)).toBeGreaterThan(1);
    expect(Math.abs(alphas[0]!.farms - alphas[1]!.farms)).toBeLessThan(0.1);
  });

  it('must fit', () => {
    const W = new Float64Array(12);
    expect(() => fixedAspectEigenvalues(W, 4, 3, { aspect: 2, columns: 3 }, typescriptLinearAlgebra)).toThrow(
      'submatrices must fit into W of 4 x 3, got 6 x 3 (aspect 2, columns 3)',
    );
  });
});

describe('exponents', () => {
  it("follow the authors' rules", () => {
    expect(alphaOfMu(1)).toBe(1.5);
    expect([1.5, 2, 2.7, 3, 4].map(muOfAlpha)).toEqual([1, 2, 2, 2, 3]);
    expect(finiteAlphaOfMu(1)).toBeCloseTo(0.649 + 0.862, 12);
    expect(finiteAlphaOfMu(3)).toBeCloseTo(3 * 1.21 - 0.0253, 12);
    expect(() => alphaOfMu(4)).toThrow('mu must be in 0..4, got 4');
    expect(() => muOfAlpha(1)).toThrow('alpha must be above 1, got 1');
    expect(() => finiteAlphaOfMu(0.2)).toThrow('mu must be in 0.5..3.5, got 0.2');
  });
});

describe('tailTypeColumns', () => {
  it('name the best type and every ratio', () => {
    const W = paretoMatrix(
      randomStream(5, 'test/types'),
      { rows: 120, cols: 120 },
      { mu: 1.5, kind: 'symmetric' },
    );
    const heavy = spectrumOf(typescriptLinearAlgebra.eigenvalues(W, 120, 120), { N: 120, M: 120 });
    const columns = tailTypeColumns(heavy, layerSpectrum(heavy));
    expect(Object.keys(columns)).toEqual([
      'best_type',
      ...['TPL', 'EXP', 'S_EXP', 'LOG_N'].flatMap((type) => [`R_${type}`, `p_${type}`]),
      'TPL_alpha',
      'TPL_cutoff',
    ]);
    expect(Number(columns.R_EXP)).toBeGreaterThan(0);
    const none = tailTypeColumns(heavy, { alpha: null, xmin: null });
    expect(new Set(Object.values(none))).toEqual(new Set([null]));
  });

  it('of a spiked matrix are numbers', () => {
    const W = spikedMatrix(randomStream(6, 'test/types'), { rows: 100, cols: 50 }, [3, 4]);
    const spiked = spectrumOf(typescriptLinearAlgebra.eigenvalues(W, 100, 50), { N: 100, M: 50 });
    const { best_type, ...numbers } = tailTypeColumns(spiked, layerSpectrum(spiked));
    expect(best_type).not.toBeNull();
    expect(Object.values(numbers).every(Number.isFinite)).toBe(true);
  });
});
