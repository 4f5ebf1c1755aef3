import type { RandomStream } from '../../base/random/stream.ts';
import { implicitQL } from '../linalg/implicitQL.ts';

/**
 * Returns eigenvalues (ascending) distributed exactly as those of W^T W for N x M Gaussian noise with sigma = 1, without forming W:
 * the bidiagonal model of Dumitriu and Edelman (J. Math. Phys. 43 (2002) 5830), in O(M^2) instead of O(N M^2).
 */
export function gaussianSpectrum(stream: RandomStream, { N, M }: { N: number; M: number }): Float64Array {
  if (!(Number.isInteger(N) && Number.isInteger(M) && N >= M && M >= 1)) {
    throw new RangeError(`shape must be integers N >= M >= 1, got ${N} x ${M}`);
  }
  const diagonal = new Float64Array(M);
  const offDiagonal = new Float64Array(M);
  let coupling = 0; // square of the entry of the bidiagonal factor above the diagonal one
  for (let i = 0; i < M; i++) {
    const square = chiSquare(stream, N - i) / N;
    diagonal[i] = square + coupling;
    if (i + 1 < M) {
      coupling = chiSquare(stream, M - 1 - i) / N;
      offDiagonal[i + 1] = Math.sqrt(square * coupling);
    }
  }
  return implicitQL(diagonal, offDiagonal)
    .map((value) => Math.max(0, value))
    .sort();
}

/** Returns a chi-square deviate of `degrees` >= 1 degrees of freedom (Marsaglia and Tsang, ACM Trans. Math. Softw. 26 (2000) 363). */
function chiSquare(stream: RandomStream, degrees: number): number {
  if (degrees === 1) return stream.normal() ** 2;
  const d = degrees / 2 - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = stream.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - stream.uniform();
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return 2 * d * v;
  }
}
