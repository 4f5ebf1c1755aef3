import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import { layerSpectrum } from '../../src/spectra/layerSpectrum.ts';
import { typescriptLinearAlgebra as algebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { pooledSpectrum, spectrumOf } from '../../src/spectra/measures/spectrum.ts';
import { gaussianMatrix, type Shape, spikedMatrix } from '../../src/spectra/synthetic/matrices.ts';
import { CUTS, tailProjectors } from '../../src/spectra/tailTruncation.ts';

const product = (a: ArrayLike<number>, b: ArrayLike<number>, [n, k, m]: [number, number, number]) => {
  const result = new Float64Array(n * m);
  for (let i = 0; i < n; i++) {
    for (let l = 0; l < k; l++) {
      for (let j = 0; j < m; j++) result[i * m + j]! += a[i * k + l]! * b[l * m + j]!;
    }
  }
  return result;
};

describe('tailProjectors', () => {
  it.each([
    { rows: 60, cols: 24, side: 'right' },
    { rows: 24, cols: 60, side: 'left' },
    { rows: 30, cols: 30, side: 'right' },
  ] as const)('keep the tail of $rows x $cols and nothing else', ({ side, ...shape }) => {
    const W = spikedMatrix(randomStream(0, 'test/truncation'), shape, [4, 3, 2.5]);
    const evals = algebra.eigenvalues(W, shape.rows, shape.cols);
    const tails = tailProjectors({ matrices: [W], ...shape, precision: 'float32' }, 'paper', algebra);
    const size = Math.min(shape.rows, shape.cols);
    expect([tails.side, tails.size]).toEqual([side, size]);
    const { rows, cols } = shape;
    const sides = { N: Math.max(rows, cols), M: size };
    const metrics = layerSpectrum(spectrumOf(evals, sides, 'float32'));
    const counts = { pl: metrics.num_pl_spikes!, detX: metrics.detX_num!, tw: metrics.num_spikes! };
    expect(counts.tw).toBe(3);
    for (const cut of CUTS) {
      const P = tails.projectors[cut]!;
      const cutW = side === 'right' ? product(W, P, [rows, cols, cols]) : product(P, W, [rows, rows, cols]);
      const left = algebra.eigenvalues(cutW, rows, cols);
      const first = size - counts[cut];
      for (let i = 0; i < size; i++) {
        expect(Math.abs(left[i]! - (i < first ? 0 : evals[i]!))).toBeLessThan(1e-5 * evals[size - 1]!);
      }
    }
  });

  it('count the eigenvalues of all matrices of a convolution together', () => {
    const shape: Shape = { rows: 30, cols: 12 };
    const matrices = [1, 1, 5].map((scale, i) =>
      gaussianMatrix(randomStream(i, 'test/truncation'), shape).map((w) => scale * w),
    );
    const { projectors } = tailProjectors({ matrices, ...shape, precision: 'float32' }, 'paper', algebra);
    const ranks = [0, 1, 2].map((i) => {
      let trace = 0;
      for (let k = 0; k < 12; k++) trace += projectors.detX![i * 144 + k * 13]!;
      return Math.round(trace);
    });
    const each = matrices.map((W) => algebra.eigenvalues(W, 30, 12));
    const pooled = each.flatMap((evals) => [...evals]).sort((a, b) => b - a);
    const sides = { N: 30, M: 12 };
    const spectrum = pooledSpectrum(each.map((evals) => spectrumOf(evals, sides, 'float32')));
    const least = pooled[layerSpectrum(spectrum).detX_num! - 1]!;
    expect(ranks).toEqual(each.map((evals) => evals.filter((value) => value >= least).length));
    // The tail is for the most part that of the last matrix.
    expect(ranks[2]).toBeGreaterThan(ranks[0]! + ranks[1]!);
  });

  it('have nothing to keep of noise at the edge, and no tail where there is none', () => {
    const W = gaussianMatrix(randomStream(3, 'test/truncation'), { rows: 60, cols: 24 });
    const noise = tailProjectors(
      { matrices: [W], rows: 60, cols: 24, precision: 'float32' },
      'paper',
      algebra,
    );
    expect(Math.max(...noise.projectors.tw!)).toBe(0);
    const zero = new Float32Array(60 * 24);
    const none = tailProjectors(
      { matrices: [zero], rows: 60, cols: 24, precision: 'float32' },
      'paper',
      algebra,
    );
    expect(none.projectors).toEqual({ pl: null, detX: null, tw: null });
  });
});
