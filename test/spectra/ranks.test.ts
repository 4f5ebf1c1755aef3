import { describe, expect, it } from 'vitest';
import { typescriptLinearAlgebra } from '../../src/linalg/typescriptLinearAlgebra.ts';
import { randomStream } from '../../src/random/stream.ts';
import {
  logAlphaNorm,
  matrixEntropy,
  matrixRank,
  matrixShape,
  stableRank,
  sum,
  zeroEigenvalue,
} from '../../src/spectra/ranks.ts';
import { gaussianMatrix, lowRankMatrix } from '../../src/synthetic/matrices.ts';
import { goldenEigenvalues, goldenStage } from './golden.ts';

describe('golden norms, ranks and entropy', () => {
  it.each(['base', 'portable'].flatMap(goldenStage))('$stage $name', (row) => {
    const evals = goldenEigenvalues[row.name!]!;
    const shape = matrixShape(evals.length, Number(row.N), Number(row.M));
    const rank = matrixRank(evals, zeroEigenvalue(evals, shape, 'float32'));
    const near = (actual: number | null, column: string, digits: number) =>
      expect(actual! / Number(row[column])).toBeCloseTo(1, digits);
    near(sum(evals), 'norm', 9);
    near(stableRank(evals), 'stable_rank', 9);
    if (Number(row.alpha) > 0) near(logAlphaNorm(evals, Number(row.alpha)), 'log_alpha_norm', 8);
    if (row.name!.startsWith('lowrank')) {
      // WeightWatcher takes the rounding of float32 for rank: it says 192.
      expect(rank).toBe(96);
      return;
    }
    expect(rank).toBe(Number(row.matrix_rank));
    // WeightWatcher adds 1e-10 to every p; to first order that moves the entropy by this much.
    const total = sum(evals);
    const shift = evals.reduce((moved, value) => moved - 1e-10 * (Math.log(value / total) + 1), 0);
    near(matrixEntropy(evals, rank)! + shift / Math.log(rank), 'entropy', 8);
  });
});

describe('hard rank', () => {
  const rankOf = (
    W: Float32Array | Float64Array,
    rows: number,
    cols: number,
    precision: 'float32' | 'float64',
  ) => {
    const evals = typescriptLinearAlgebra.eigenvalues(W, rows, cols);
    const shape = matrixShape(evals.length, Math.max(rows, cols), Math.min(rows, cols));
    return matrixRank(evals, zeroEigenvalue(evals, shape, precision));
  };
  const stream = () => randomStream(4, 'test/ranks');

  it.each([
    { rows: 500, cols: 120, rank: 60 },
    { rows: 90, cols: 300, rank: 1 },
    { rows: 128, cols: 128, rank: 127 },
  ])(
    'sees through the rounding of float32: $rows x $cols of rank $rank, at any scale',
    ({ rows, cols, rank }) => {
      const W = lowRankMatrix(stream(), { rows, cols }, { rank, noise: 0 });
      expect(rankOf(W, rows, cols, 'float64')).toBe(rank);
      for (const scale of [1e-6, 1, 1e6]) {
        expect(
          rankOf(
            Float32Array.from(W, (w) => w * scale),
            rows,
            cols,
            'float32',
          ),
        ).toBe(rank);
      }
    },
  );

  it('is full for noise, also square', () => {
    const shape = { rows: 150, cols: 150 };
    expect(rankOf(Float32Array.from(gaussianMatrix(stream(), shape)), 150, 150, 'float32')).toBe(150);
  });

  it('keeps small singular values that float32 can tell from 0', () => {
    const W = new Float32Array(9);
    W.set([1, 0, 0, 0, 1e-5, 0, 0, 0, 0]);
    expect(rankOf(W, 3, 3, 'float32')).toBe(2);
  });
});

describe('closed forms', () => {
  it('of equal eigenvalues', () => {
    const evals = new Float64Array(50).fill(7);
    expect(stableRank(evals)).toBeCloseTo(50, 12);
    expect(matrixEntropy(evals, 50)).toBeCloseTo(1, 12);
    expect(logAlphaNorm(evals, 3)).toBeCloseTo(Math.log10(50 * 343), 12);
  });

  it('of two eigenvalues 1 and 3', () => {
    const evals = Float64Array.of(1, 3);
    expect(stableRank(evals)).toBeCloseTo(4 / 3, 14);
    expect(matrixEntropy(evals, 2)).toBeCloseTo((0.25 * Math.log(4) + 0.75 * Math.log(4 / 3)) / Math.LN2, 14);
  });

  it('are null where they are not defined', () => {
    const zero = new Float64Array(3);
    expect([stableRank(zero), matrixEntropy(zero, 0), logAlphaNorm(zero, 2)]).toEqual([null, null, null]);
    expect(matrixEntropy(Float64Array.of(0, 4), 1)).toBeNull();
    expect(matrixRank(zero, 0)).toBe(0);
  });

  it('the alpha-norm does not overflow', () => {
    expect(logAlphaNorm(Float64Array.of(1e200, 1e200), 4)).toBeCloseTo(800 + Math.log10(2), 9);
  });

  it('refuses shapes that do not fit', () => {
    expect(() => matrixShape(10, 3, 4)).toThrow('shape must be integers N >= M >= 1, got 3 x 4');
    expect(() => matrixShape(10, 8, 4)).toThrow('multiple of M = 4, got 10');
    expect(matrixShape(12, 8, 4)).toEqual({ N: 8, M: 4, replicas: 3 });
  });
});
