// What looks like a mode near 0 and is none: spectra that fall steeply all the way, and those that rounding cuts off.
import { expect, it } from 'vitest';
import { type RandomStream, randomStream } from '../../../src/base/random/stream.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { classifyPhase } from '../../../src/spectra/phases/classifyPhase.ts';
import { gaussianMatrix, paretoMatrix } from '../../../src/spectra/synthetic/matrices.ts';
import { roundedMatrix } from '../../../src/spectra/synthetic/roundedMatrix.ts';
import { weightSpectra } from '../../../src/spectra/weightSpectra.ts';

/** Returns the labels of square matrices stored in bfloat16. */
function labels(
  side: number,
  draws: number,
  draw: (stream: RandomStream) => Float64Array,
): (string | null)[] {
  return Array.from({ length: draws }, (_, i) => {
    const W = roundedMatrix(draw(randomStream(21, `pa/${side}/${i}`)), 'bfloat16');
    const weights = { rows: side, cols: side, matrices: [W], precision: 'bfloat16' } as const;
    return classifyPhase(weightSpectra([weights], typescriptLinearAlgebra)[0]!).phase;
  });
}

function product(A: Float64Array, B: Float64Array, side: number): Float64Array {
  const C = new Float64Array(side * side);
  for (let i = 0; i < side; i++) {
    for (let k = 0; k < side; k++) {
      for (let j = 0; j < side; j++) C[i * side + j]! += A[i * side + k]! * B[k * side + j]!;
    }
  }
  return C;
}

it('products of three square factors are of full rank, of which bfloat16 hides a part', () => {
  const side = 128;
  const factor = (stream: RandomStream) => gaussianMatrix(stream, { rows: side, cols: side });
  const found = labels(side, 24, (stream) =>
    product(product(factor(stream), factor(stream), side), factor(stream), side),
  );
  // of so few eigenvalues some may seem to have more zeros than their neighbours explain
  expect(found.filter((label) => label === 'rank-collapse').length).toBeLessThanOrEqual(2);
});

it('heavy tails of mu near 1 fall by a factor of ten here and there, by chance', () => {
  const side = 192;
  const found = labels(side, 80, (stream) => {
    const mu = 1 + 0.2 * stream.uniform();
    return paretoMatrix(stream, { rows: side, cols: side }, { mu, kind: 'symmetric' });
  });
  expect(found).not.toContain('rank-collapse');
});

it('uneven noise under strong spikes down to its edge is no collapse for sure, as in position embeddings', () => {
  const [rows, cols] = [512, 384];
  const results = Array.from({ length: 6 }, (_, i) => {
    const stream = randomStream(i, 'test/phases/uneven');
    const scales = Array.from({ length: rows }, () => Math.exp(0.15 * stream.normal()));
    const W = gaussianMatrix(stream, { rows, cols }).map((w, at) => w * scales[Math.floor(at / cols)]!);
    // Some 30 spikes, from a thousand times the edge down to it.
    for (let j = 0; j < 32; j++) W[j * cols + j]! += 60 * 0.9 ** j;
    const weights = { rows, cols, matrices: [W], precision: 'float32' } as const;
    return classifyPhase(weightSpectra([weights], typescriptLinearAlgebra)[0]!);
  });
  for (const result of results) {
    expect(result.phase).not.toBe('rank-collapse');
    expect(result.phase === null || result.ambiguous).toBe(true);
  }
});
