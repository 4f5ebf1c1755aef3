import { describe, expect, it } from 'vitest';
import { loadEngine } from '../../src/engine/loadEngine.ts';
import { nativeLinearAlgebra } from '../../src/engine/nativeLinearAlgebra.ts';
import { typescriptLinearAlgebra } from '../../src/linalg/typescriptLinearAlgebra.ts';
import { randomStream } from '../../src/random/stream.ts';

const native = nativeLinearAlgebra(loadEngine().binding);

function gaussian(length: number): Float32Array {
  const stream = randomStream(1, `test/${length}`);
  return Float32Array.from({ length }, () => stream.normal());
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
      const found = nativeLinearAlgebra(loadEngine().binding, lanes).eigenvaluesOfEach(matrices);
      for (const [i, { W, rows, cols }] of matrices.entries()) {
        expect(found[i]).toEqual(native.eigenvalues(W, rows, cols));
      }
    }
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

  it('refuses weights that do not fill the matrix', () => {
    expect(() => native.eigenvalues(new Float32Array(5), 2, 3)).toThrow('W must have 2 x 3 values, got 5');
  });
});
