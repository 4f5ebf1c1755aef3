import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { nativeLinearAlgebra } from '../../../src/train/engine/nativeLinearAlgebra.ts';

const native = nativeLinearAlgebra()!;

function gaussian(length: number): Float32Array {
  const stream = randomStream(1, `test/${length}`);
  return Float32Array.from({ length }, () => stream.normal());
}

function lowRank(rows: number, cols: number, rank: number, seed: number): Float64Array {
  const stream = randomStream(seed, 'test/low-rank');
  const left = Float64Array.from({ length: rows * rank }, () => stream.normal());
  const right = Float64Array.from({ length: rank * cols }, () => stream.normal());
  return Float64Array.from({ length: rows * cols }, (_, at) => {
    const [i, j] = [Math.floor(at / cols), at % cols];
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += left[i * rank + k]! * right[k * cols + j]!;
    return sum;
  });
}

describe('native linear algebra', () => {
  it.each([
    [2450, 500],
    [192, 384],
    [7, 7],
    [1, 5],
  ])('agrees with the TypeScript solver to 1e-10 of the largest eigenvalue: %i x %i', (rows, cols) => {
    const W = gaussian(rows * cols);
    const ours = native.eigenvalues(W, rows, cols);
    const theirs = typescriptLinearAlgebra.eigenvalues(W, rows, cols);
    const largest = theirs.at(-1)!;
    expect(ours).toHaveLength(Math.min(rows, cols));
    const worst = Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]!)));
    expect(worst / largest).toBeLessThan(1e-10);
  });

  it('solves matrices of any kind side by side, to the bits of one at a time', () => {
    const shapes = [
      [40, 30],
      [9, 50],
      [300, 200],
      [30, 30],
      [64, 1],
    ] as const;
    const matrices = shapes.map(([rows, cols], i) => {
      const W = gaussian(rows * cols);
      return { W: i % 2 === 0 ? W : Float64Array.from(W), rows, cols };
    });
    for (const lanes of [1, 2, 3, 8]) {
      const found = nativeLinearAlgebra(lanes)!.eigenvaluesOfEach(matrices);
      for (const [i, { W, rows, cols }] of matrices.entries()) {
        expect(found[i]).toEqual(native.eigenvalues(W, rows, cols));
      }
    }
  });

  it('agrees with the TypeScript solver on any matrix: shape, precision, rank, scale', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 0, max: 70 }),
        fc.integer({ min: -300, max: 300 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer(),
        (rows, cols, rank, decade, threads, seed) => {
          const W = lowRank(rows, cols, rank, seed).map((value) => value * 2 ** decade);
          const expected = typescriptLinearAlgebra.eigenvalues(W, rows, cols);
          const found = nativeLinearAlgebra(threads)!.eigenvalues(W, rows, cols);
          const largest = expected.at(-1)!;
          for (const [i, value] of found.entries()) {
            expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-13 * largest);
          }
          const { eigenvalues, vectors } = nativeLinearAlgebra(threads)!.eigenvectors(W, rows, cols);
          const n = eigenvalues.length;
          for (let i = 0; i < n; i++) {
            expect(Math.abs(eigenvalues[i]! - expected[i]!)).toBeLessThanOrEqual(1e-13 * largest);
            for (let j = 0; j <= i; j++) {
              let dot = 0;
              for (let k = 0; k < n; k++) dot += vectors[i * n + k]! * vectors[j * n + k]!;
              expect(Math.abs(dot - (i === j ? 1 : 0))).toBeLessThan(1e-12);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gives the singular values of a diagonal matrix, squared, to the last digits of float64', () => {
    const W = new Float64Array(12);
    [1 / 3, 1e-3, 7].forEach((value, i) => {
      W[i * 3 + i] = value;
    });
    const [a, b, c] = native.eigenvalues(W, 4, 3);
    expect(a! / 1e-6).toBeCloseTo(1, 9);
    expect(b! / (1 / 9)).toBeCloseTo(1, 14);
    expect(c! / 49).toBeCloseTo(1, 14);
  });

  it('never gives a negative eigenvalue, even of a matrix of rank one', () => {
    const u = gaussian(40);
    const W = Float32Array.from({ length: 40 * 30 }, (_, i) => u[Math.floor(i / 30)]!);
    const values = native.eigenvalues(W, 40, 30);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    const energy = W.reduce((sum, value) => sum + value * value, 0);
    expect(values.at(-1)! / energy).toBeCloseTo(1, 12);
  });

  it.each([
    [20, 8],
    [8, 20],
  ])('gives unit eigenvectors of the smaller Gram matrix: %i x %i', (rows, cols) => {
    const W = gaussian(rows * cols);
    const { eigenvalues, vectors } = native.eigenvectors(W, rows, cols);
    const n = Math.min(rows, cols);
    const entry = (i: number, j: number): number => {
      let sum = 0;
      for (let k = 0; k < Math.max(rows, cols); k++) {
        sum += rows >= cols ? W[k * cols + i]! * W[k * cols + j]! : W[i * cols + k]! * W[j * cols + k]!;
      }
      return sum;
    };
    for (let v = 0; v < n; v++) {
      const x = vectors.subarray(v * n, (v + 1) * n);
      expect(Math.hypot(...x)).toBeCloseTo(1, 12);
      for (let i = 0; i < n; i++) {
        const product = x.reduce((sum, value, j) => sum + entry(i, j) * value, 0);
        expect(product).toBeCloseTo(eigenvalues[v]! * x[i]!, 8);
      }
    }
  });

  it('leaves the weights as they are', () => {
    const W = Float64Array.from(gaussian(12));
    const before = W.slice();
    native.eigenvalues(W.subarray(0, 6), 3, 2);
    expect(W).toEqual(before);
  });

  it('refuses weights that are not finite, naming the first', () => {
    const W = gaussian(600);
    W[411] = Number.NaN;
    W[500] = Number.POSITIVE_INFINITY;
    expect(() => native.eigenvalues(W, 30, 20)).toThrow('W[411] must be finite, got NaN');
    W[411] = 0;
    expect(() => native.eigenvalues(W, 30, 20)).toThrow('W[500] must be finite, got Infinity');
  });

  it('refuses weights that do not fill the matrix', () => {
    expect(() => native.eigenvalues(new Float32Array(5), 2, 3)).toThrow('length of W must be 2 x 3, got 5');
  });
});
