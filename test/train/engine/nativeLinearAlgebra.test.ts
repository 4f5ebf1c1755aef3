import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { engineParts } from '../../../src/train/engine/enginePaths.ts';
import { locateEngine } from '../../../src/train/engine/locateEngine.ts';
import { nativeLinearAlgebra } from '../../../src/train/engine/nativeLinearAlgebra.ts';

const native = nativeLinearAlgebra()!;

/** The compiled module itself, which takes the smallest side for two stages and the width of the band between them. */
const solver: {
  eigenvaluesOfEach(
    matrices: [W: Float64Array, rows: number, cols: number][],
    threads: number,
    twoStageFrom?: number,
    bandWidth?: number,
  ): Float64Array[];
} = createRequire(import.meta.url)(join(locateEngine()!.folder, engineParts.linalg));
const ONE_STAGE = 2 ** 30;

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

describe('eigenvalues in two stages', () => {
  /** Matrices whose spectra are hard in one way each; `strength` is in 0..1. */
  const SPECTRA: Record<
    string,
    (rows: number, cols: number, strength: number, seed: number) => Float64Array
  > = {
    random: (rows, cols, _, seed) => lowRank(rows, cols, Math.min(rows, cols), seed),
    'rank-deficient': (rows, cols, strength, seed) =>
      lowRank(rows, cols, Math.floor(strength * Math.min(rows, cols)), seed),
    'graded by columns': (rows, cols, strength, seed) =>
      lowRank(rows, cols, Math.min(rows, cols), seed).map(
        (value, at) => value * 2 ** (600 * strength * ((at % cols) / cols) - 300 * strength),
      ),
    diagonal: (rows, cols, strength) =>
      new Float64Array(rows * cols).map((_, at) => {
        const [i, j] = [Math.floor(at / cols), at % cols];
        return i === j ? 2 ** (300 * strength - 600 * strength * (j / cols)) : 0;
      }),
    clustered: (rows, cols, strength) =>
      new Float64Array(rows * cols).map((_, at) => {
        const [i, j] = [Math.floor(at / cols), at % cols];
        const reflected = (i === j ? 1 : 0) - 2 / rows;
        return reflected * (j % 3 === 0 ? 1 : 1 + 2 ** (-50 * strength));
      }),
    'one spike': (rows, cols, strength, seed) =>
      lowRank(rows, cols, Math.min(rows, cols), seed).map((value) => 1 + value * 2 ** (-40 * strength)),
    zero: (rows, cols) => new Float64Array(rows * cols),
  };

  it('are those of one stage to 1e-12 of the largest, and the same bits for any number of threads', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(SPECTRA)),
        fc.integer({ min: 1, max: 180 }),
        fc.integer({ min: 1, max: 180 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(24, 48, 72),
        fc.integer(),
        (kind, rows, cols, strength, width, seed) => {
          const W = SPECTRA[kind]!(rows, cols, strength, seed);
          const [expected] = solver.eigenvaluesOfEach([[W, rows, cols]], 1, ONE_STAGE);
          const found = [1, 2, 3].map(
            (threads) => solver.eigenvaluesOfEach([[W, rows, cols]], threads, 1, width)[0]!,
          );
          expect(found[1]).toEqual(found[0]);
          expect(found[2]).toEqual(found[0]);
          const largest = expected!.at(-1)!;
          for (const [i, value] of found[0]!.entries()) {
            expect(Math.abs(value - expected![i]!)).toBeLessThanOrEqual(1e-12 * largest);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each([24, 48, 72].flatMap((width) => [-2, -1, 0, 1, 2, 3].map((more) => [width, more] as const)))(
    'are right at every edge of the panels: band of %i, sides %i off a multiple of it',
    (width, more) => {
      for (const side of [width, 2 * width, 3 * width].map((multiple) => multiple + more)) {
        const W = lowRank(side + 5, side, side, side);
        const [expected] = solver.eigenvaluesOfEach([[W, side + 5, side]], 1, ONE_STAGE);
        const [found] = solver.eigenvaluesOfEach([[W, side + 5, side]], 2, 1, width);
        const worst = Math.max(...found!.map((value, i) => Math.abs(value - expected![i]!)));
        expect(worst / expected!.at(-1)!).toBeLessThan(1e-13);
      }
    },
  );

  it('are the squares of known singular values, for a matrix large enough to take them unasked', () => {
    // The reflection I - 2/n 1 1^T times a diagonal.
    const side = 800;
    const singular = Float64Array.from({ length: side }, (_, i) => 1 + i / side);
    const W = new Float64Array(side * side).map((_, at) => {
      const [i, j] = [Math.floor(at / side), at % side];
      return ((i === j ? 1 : 0) - 2 / side) * singular[j]!;
    });
    const found = native.eigenvalues(W, side, side);
    const worst = Math.max(...found.map((value, i) => Math.abs(value - singular[i]! ** 2)));
    expect(worst / singular.at(-1)! ** 2).toBeLessThan(1e-14);
  });
});

describe('a signal', () => {
  it('that somebody listens to ends a long computation', async () => {
    const child = spawn(process.execPath, [
      '--import',
      'tsx',
      fileURLToPath(new URL('interruptedChild.ts', import.meta.url)),
    ]);
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += String(chunk);
    });
    // A signal between two computations is for JavaScript, which this child gives no turn.
    const signals = setInterval(() => {
      if (said === 'solving\n') child.kill('SIGINT');
    }, 300);
    const [code] = await once(child, 'exit');
    clearInterval(signals);
    expect(said).toBe('solving\nInterrupted: interrupted by SIGINT\nlistener: SIGINT\n');
    expect(code).toBe(130);
  });
});
