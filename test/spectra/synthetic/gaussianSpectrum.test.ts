import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { gaussianSpectrum } from '../../../src/spectra/synthetic/gaussianSpectrum.ts';
import { gaussianMatrix } from '../../../src/spectra/synthetic/matrices.ts';

/** Two-sample Kolmogorov-Smirnov distance. */
function distance(a: readonly number[], b: readonly number[]): number {
  const share = (values: readonly number[], x: number) =>
    values.filter((value) => value <= x).length / values.length;
  return Math.max(...[...a, ...b].map((x) => Math.abs(share(a, x) - share(b, x))));
}

describe('gaussianSpectrum', () => {
  const [N, M, draws] = [40, 20, 300];
  const model = Array.from({ length: draws }, (_, i) =>
    gaussianSpectrum(randomStream(i, 'test/model'), { N, M }),
  );
  const matrices = Array.from({ length: draws }, (_, i) =>
    typescriptLinearAlgebra.eigenvalues(
      gaussianMatrix(randomStream(i, 'test/matrix'), { rows: N, cols: M }),
      N,
      M,
    ),
  );

  it.each([0, 10, 19])('has eigenvalue %d distributed as that of a matrix', (index) => {
    const limit = 1.63 * Math.sqrt(2 / draws); // the 1 % limit of Kolmogorov and Smirnov
    const at = (spectra: Float64Array[]) => spectra.map((evals) => evals[index]!);
    expect(distance(at(model), at(matrices))).toBeLessThan(limit);
  });

  it('has the trace and the second moment of one', () => {
    const mean = (power: number) =>
      model.reduce((total, evals) => total + evals.reduce((sum, value) => sum + value ** power, 0), 0) /
      draws /
      M;
    // E tr X = M, E tr X^2 = M (N + M + 1) / N for sigma = 1.
    expect(mean(1)).toBeCloseTo(1, 1);
    expect(Math.abs(mean(2) - (N + M + 1) / N)).toBeLessThan(0.05);
  });

  it('refuses a wide shape', () => {
    expect(() => gaussianSpectrum(randomStream(0, 'x'), { N: 2, M: 3 })).toThrow('got 2 x 3');
  });
});
