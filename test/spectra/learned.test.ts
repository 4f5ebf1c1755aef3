import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import { layerState, learnedChange, stateOverlap, tailShareOfChange } from '../../src/spectra/learned.ts';
import { typescriptLinearAlgebra as algebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spectrumOf } from '../../src/spectra/measures/spectrum.ts';
import { gaussianMatrix } from '../../src/spectra/synthetic/matrices.ts';

const shape = { rows: 120, cols: 60 };
const options = { fit: 'paper', top: 2, algebra } as const;
const stateOf = (W: Float32Array) =>
  layerState({ matrices: [W], ...shape, precision: 'float32' }, 2, algebra);
const noise = Float32Array.from(gaussianMatrix(randomStream(0, 'test/learned'), shape));

/** A unit vector with one entry in every `every`. */
const comb = (length: number, every: number, from: number): Float64Array => {
  const v = Float64Array.from({ length }, (_, i) => (i % every === from ? 1 : 0));
  const norm = Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
  return v.map((x) => x / norm);
};

/** Noise plus s u v^T for each of the strengths, on vectors that are orthogonal. */
function learnedMatrix(strengths: readonly number[]): Float32Array {
  const W = Float32Array.from(noise);
  for (const [k, s] of strengths.entries()) {
    const [u, v] = [comb(120, 4, k), comb(60, 4, k)];
    for (let i = 0; i < 120; i++) for (let j = 0; j < 60; j++) W[i * 60 + j]! += s * u[i]! * v[j]!;
  }
  return W;
}

describe('learnedChange', () => {
  const before = stateOf(noise);
  const after = stateOf(learnedMatrix([6, 3]));
  const change = learnedChange(before, after, options);

  it('has the spectrum of the difference: two singular values, and nothing else but rounding', () => {
    expect(change.change_norm / Math.sqrt(36 + 9)).toBeCloseTo(1, 5);
    expect(change.change_lambda_max / 36).toBeCloseTo(1, 5);
    expect(change.change_stable_rank!).toBeCloseTo(45 / 36, 5);
    let squares = 0;
    for (const w of noise) squares += w * w;
    expect(change.relative_change! / (Math.sqrt(45) / Math.sqrt(squares))).toBeCloseTo(1, 5);
    // Of rank 2 neither a tail nor a bulk can be fitted.
    expect(change.change_sigma_mp).toBeNull();
  });

  it('sees the leading directions turn to what was learned, and the change lie in the spikes', () => {
    expect(change.change_overlap_long!).toBeGreaterThan(0.9);
    expect(change.overlap_long!).toBeLessThan(0.2);
    expect([change.chance_short, change.chance_long]).toEqual([2 / 60, 2 / 120]);
    expect(change.in_spikes!).toBeGreaterThan(0.85);
    expect(change.in_spikes!).toBeLessThan(1);
  });

  it('of nothing learned says so', () => {
    const none = learnedChange(after, stateOf(learnedMatrix([6, 3])), options);
    expect(none.change_norm).toBe(0);
    expect(none.relative_change).toBe(0);
    expect(none.overlap_short!).toBeCloseTo(1, 9);
    expect([none.in_pl_tail, none.in_spikes, none.change_alpha, none.change_overlap_long]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it('counts the change by rank', () => {
    const of = (values: number[]) => spectrumOf(Float64Array.from(values), { N: 8, M: 4 }, 'float64');
    expect(tailShareOfChange(of([1, 2, 3, 4]), of([1, 3, 3, 7]), 1)).toBe(0.75);
    expect(tailShareOfChange(of([1, 2, 3, 4]), of([1, 3, 3, 7]), 3)).toBe(1);
    expect(tailShareOfChange(of([1, 2, 3, 4]), of([1, 2, 3, 4]), 2)).toBeNull();
  });

  it('overlaps by chance where runs have nothing in common', () => {
    const runs = Array.from({ length: 12 }, (_, seed) =>
      stateOf(Float32Array.from(gaussianMatrix(randomStream(seed, 'test/seeds'), shape))),
    );
    const pairs = runs.slice(1).map((run, i) => stateOverlap(runs[i]!, run).long!);
    const mean = pairs.reduce((sum, overlap) => sum + overlap, 0) / pairs.length;
    expect(Math.abs(mean - 2 / 120)).toBeLessThan(0.01);
  });
});
