import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { PORTABLE_MATRICES, portableMatrix } from '../../fixtures/golden/portableMatrices.ts';

const { eigenvalues, eigenvectors } = typescriptLinearAlgebra;
const EPS = Number.EPSILON;

function gaussian(length: number, seed: number): Float64Array {
  const stream = randomStream(seed, 'test/linalg');
  return Float64Array.from({ length }, () => stream.normal());
}

function transpose(W: Float64Array, rows: number, cols: number): Float64Array {
  const T = new Float64Array(W.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) T[j * rows + i] = W[i * cols + j]!;
  return T;
}

/** Greatest difference of two spectra in units of the largest eigenvalue. */
function spectralDifference(actual: Float64Array, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < actual.length; i++) worst = Math.max(worst, Math.abs(actual[i]! - expected[i]!));
  return worst / expected[expected.length - 1]!;
}

/** Rows of an orthonormal basis of n dimensions: the discrete cosine transform. */
function cosineBasis(n: number): Float64Array {
  const basis = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) {
      basis[k * n + i] =
        Math.sqrt((k === 0 ? 1 : 2) / n) * Math.cos((Math.PI * (((2 * i + 1) * k) % (4 * n))) / (2 * n));
    }
  }
  return basis;
}

describe('eigenvalues against closed forms', () => {
  it('are the squares of a diagonal', () => {
    const W = new Float64Array(5 * 3);
    for (const [i, value] of [3, -1, 2].entries()) W[i * 3 + i] = value;
    expect([...eigenvalues(W, 5, 3)]).toEqual([1, 4, 9]);
  });

  it('are the squares of the singular values of orthogonal times diagonal times orthogonal', () => {
    const n = 97;
    const basis = cosineBasis(n);
    const singular = Float64Array.from({ length: n }, (_, i) => (i + 1) / 7);
    const W = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        for (let k = 0; k < n; k++) {
          W[i * n + j]! += basis[k * n + i]! * singular[k]! * basis[((k * 5) % n) * n + j]!;
        }
      }
    }
    expect(
      spectralDifference(
        eigenvalues(W, n, n),
        singular.map((value) => value * value),
      ),
    ).toBeLessThan(20 * EPS);
  });

  it('are those of the discrete Laplacian for the difference matrix', () => {
    // W takes differences of n neighbours with both ends held at 0: W^T W is tridiagonal (-1, 2, -1).
    const n = 150;
    const W = new Float64Array((n + 1) * n);
    for (let j = 0; j < n; j++) {
      W[j * n + j] = 1;
      W[(j + 1) * n + j] = -1;
    }
    const expected = Float64Array.from(
      { length: n },
      (_, k) => 2 - 2 * Math.cos((Math.PI * (k + 1)) / (n + 1)),
    );
    expect(spectralDifference(eigenvalues(W, n + 1, n), expected)).toBeLessThan(20 * EPS);
  });

  it('are 0 beyond the rank and never negative', () => {
    const rank = 7;
    const left = gaussian(60 * rank, 1);
    const right = gaussian(rank * 40, 2);
    const W = new Float64Array(60 * 40);
    for (let i = 0; i < 60; i++) {
      for (let j = 0; j < 40; j++) {
        for (let k = 0; k < rank; k++) W[i * 40 + j]! += left[i * rank + k]! * right[k * 40 + j]!;
      }
    }
    const values = eigenvalues(W, 60, 40);
    expect(values.every((value) => value >= 0)).toBe(true);
    expect(values[40 - rank - 1]! / values[39]!).toBeLessThan(20 * EPS);
    expect(values[40 - rank]! / values[39]!).toBeGreaterThan(1e-3);
  });

  it('are all 0 for a zero matrix, all equal for a scaled orthogonal one', () => {
    expect([...eigenvalues(new Float64Array(12), 3, 4)]).toEqual([0, 0, 0]);
    const equal = eigenvalues(
      cosineBasis(33).map((value) => 3 * value),
      33,
      33,
    );
    expect(spectralDifference(equal, new Float64Array(33).fill(9))).toBeLessThan(20 * EPS);
  });

  it('handles one row and one column', () => {
    expect([...eigenvalues(Float32Array.of(3, 4), 1, 2)]).toEqual([25]);
    expect([...eigenvalues(Float32Array.of(3, 4), 2, 1)]).toEqual([25]);
  });
});

describe('eigenvalues against numpy', () => {
  const golden: Record<string, number[]> = JSON.parse(
    readFileSync(new URL('../../fixtures/golden/eigenvalues-192x384.json', import.meta.url), 'utf8'),
  );
  it.each(PORTABLE_MATRICES)('$name to 1e-13 of the largest', ({ name, kind, seed }) => {
    const W = portableMatrix(kind, 192, 384, seed);
    expect(spectralDifference(eigenvalues(W, 192, 384), golden[name]!)).toBeLessThan(1e-13);
  });
});

describe('identities', () => {
  const shape = fc.record({
    rows: fc.integer({ min: 1, max: 40 }),
    cols: fc.integer({ min: 1, max: 40 }),
    seed: fc.nat(),
    power: fc.integer({ min: -200, max: 200 }),
  });

  it('trace, order, transposition and powers of two', () => {
    fc.assert(
      fc.property(shape, ({ rows, cols, seed, power }) => {
        const W = gaussian(rows * cols, seed);
        const values = eigenvalues(W, rows, cols);
        const trace = W.reduce((sum, value) => sum + value * value, 0);
        const total = values.reduce((sum, value) => sum + value, 0);
        expect(Math.abs(total - trace)).toBeLessThanOrEqual(200 * EPS * trace);
        for (let i = 1; i < values.length; i++) expect(values[i]).toBeGreaterThanOrEqual(values[i - 1]!);
        expect(spectralDifference(eigenvalues(transpose(W, rows, cols), cols, rows), values)).toBeLessThan(
          100 * EPS,
        );
        const scale = 2 ** power;
        expect([
          ...eigenvalues(
            W.map((value) => value * scale),
            rows,
            cols,
          ),
        ]).toEqual([...values].map((value) => value * scale * scale));
      }),
      { numRuns: 150, seed: 1 },
    );
  });

  it('A v = lambda v with orthonormal v, and the same eigenvalues with and without vectors', () => {
    fc.assert(
      fc.property(shape, ({ rows, cols, seed }) => {
        const W = gaussian(rows * cols, seed);
        const { eigenvalues: values, vectors } = eigenvectors(W, rows, cols);
        const n = values.length;
        const tall = rows >= cols;
        const T = tall ? W : transpose(W, rows, cols);
        const depth = Math.max(rows, cols);
        const largest = values[n - 1]!;
        expect(spectralDifference(values, eigenvalues(W, rows, cols))).toBeLessThan(100 * EPS);
        for (let k = 0; k < n; k++) {
          const v = vectors.subarray(k * n, (k + 1) * n);
          const image = new Float64Array(n);
          for (let r = 0; r < depth; r++) {
            let dot = 0;
            for (let j = 0; j < n; j++) dot += T[r * n + j]! * v[j]!;
            for (let j = 0; j < n; j++) image[j]! += T[r * n + j]! * dot;
          }
          for (let j = 0; j < n; j++) {
            expect(Math.abs(image[j]! - values[k]! * v[j]!)).toBeLessThan(500 * EPS * largest);
          }
          for (let other = 0; other <= k; other++) {
            let dot = 0;
            for (let j = 0; j < n; j++) dot += v[j]! * vectors[other * n + j]!;
            expect(Math.abs(dot - (other === k ? 1 : 0))).toBeLessThan(300 * EPS);
          }
        }
      }),
      { numRuns: 60, seed: 2 },
    );
  });

  it('vectors of a matrix large enough to fill the rotation buffer', () => {
    const n = 150;
    const W = gaussian(300 * n, 9);
    const { eigenvalues: values, vectors } = eigenvectors(W, 300, n);
    for (const k of [0, 71, 149]) {
      const v = vectors.subarray(k * n, (k + 1) * n);
      let quotient = 0;
      for (let r = 0; r < 300; r++) {
        let dot = 0;
        for (let j = 0; j < n; j++) dot += W[r * n + j]! * v[j]!;
        quotient += dot * dot;
      }
      expect(Math.abs(quotient - values[k]!)).toBeLessThan(500 * EPS * values[n - 1]!);
    }
  });
});

describe('refusals', () => {
  it('names the first entry that is not finite', () => {
    expect(() => eigenvalues(Float32Array.of(1, Number.NaN, 3, 4), 2, 2)).toThrow(
      'W[1] must be finite, got NaN',
    );
    expect(() => eigenvalues(Float32Array.of(1, 2, -Infinity, 4), 2, 2)).toThrow(
      'W[2] must be finite, got -Infinity',
    );
  });

  it('refuses a length that does not fit the shape', () => {
    expect(() => eigenvalues(new Float32Array(5), 2, 3)).toThrow('length of W must be 2 x 3 = 6, got 5');
    expect(() => eigenvalues(new Float32Array(0), 0, 3)).toThrow('two positive integers, got 0 x 3');
  });
});
