import { describe, expect, it } from 'vitest';
import { logAlphaNorm, matrixEntropy, stableRank } from '../../../src/spectra/measures/ranks.ts';
import { type Spectrum, spectrumOf } from '../../../src/spectra/measures/spectrum.ts';
import { sum } from '../../../src/spectra/measures/sum.ts';
import { goldenEigenvalues, goldenStage } from '../golden.ts';

describe('golden norms, ranks and entropy', () => {
  it.each(['base', 'portable'].flatMap(goldenStage))('$stage $name', (row) => {
    const evals = goldenEigenvalues[row.name!]!;
    const spectrum = spectrumOf(evals, { N: Number(row.N), M: Number(row.M) });
    const { rank } = spectrum;
    const near = (actual: number | null, column: string, digits: number) =>
      expect(actual! / Number(row[column])).toBeCloseTo(1, digits);
    near(sum(evals), 'norm', 9);
    near(stableRank(spectrum), 'stable_rank', 9);
    if (Number(row.alpha) > 0) near(logAlphaNorm(spectrum, Number(row.alpha)), 'log_alpha_norm', 8);
    if (row.name!.startsWith('lowrank')) {
      // WeightWatcher takes the rounding of float32 for rank: it says 192.
      expect(rank).toBe(96);
      return;
    }
    expect(rank).toBe(Number(row.matrix_rank));
    // WeightWatcher adds 1e-10 to every p; to first order that moves the entropy by this much.
    const total = sum(evals);
    const shift = evals.reduce((moved, value) => moved - 1e-10 * (Math.log(value / total) + 1), 0);
    near(matrixEntropy(spectrum)! + shift / Math.log(rank), 'entropy', 8);
  });
});

describe('closed forms', () => {
  it('of equal eigenvalues', () => {
    const equal = square(...new Array<number>(50).fill(7));
    expect(stableRank(equal)).toBeCloseTo(50, 12);
    expect(matrixEntropy(equal)).toBeCloseTo(1, 12);
    expect(logAlphaNorm(equal, 3)).toBeCloseTo(Math.log10(50 * 343), 12);
  });

  it('of two eigenvalues 1 and 3', () => {
    const two = square(1, 3);
    expect(stableRank(two)).toBeCloseTo(4 / 3, 14);
    expect(matrixEntropy(two)).toBeCloseTo((0.25 * Math.log(4) + 0.75 * Math.log(4 / 3)) / Math.LN2, 14);
  });

  it('are null where they are not defined', () => {
    const zero = square(0, 0, 0);
    expect([stableRank(zero), matrixEntropy(zero), logAlphaNorm(zero, 2)]).toEqual([null, null, null]);
    expect(matrixEntropy(square(0, 4))).toBeNull();
  });

  it('the alpha-norm does not overflow', () => {
    expect(logAlphaNorm(square(1e200, 1e200), 4)).toBeCloseTo(800 + Math.log10(2), 9);
  });
});

/** The spectrum of a square matrix. */
function square(...eigenvalues: number[]): Spectrum {
  const { length } = eigenvalues;
  return spectrumOf(Float64Array.from(eigenvalues), { N: length, M: length });
}
