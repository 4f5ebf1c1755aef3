import type { PowerLawMode } from './laws/powerLaw.ts';
import { layerSpectrum } from './layerSpectrum.ts';
import type { LinearAlgebra } from './linalg/linearAlgebra.ts';
import { spreadEnergy } from './measures/rounding.ts';
import { pooledSpectrum, spectrumOf } from './measures/spectrum.ts';
import type { WeightMatrices } from './weightSpectra.ts';

/** Where the tail of a spectrum begins: at xmin of the power law, at the trace-log condition, at the Tracy-Widom edge of the bulk. */
export const CUTS = ['pl', 'detX', 'tw'] as const;
export type Cut = (typeof CUTS)[number];

/** A layer cut to its tail: W P where `side` is right, P W where it is left. */
export interface TailProjectors {
  side: 'left' | 'right';
  /** Side of each projector. */
  size: number;
  /** By cut, the projectors of all matrices of the layer, one after the other, row-major; null where the spectrum has no such tail. */
  projectors: Readonly<Record<Cut, Float32Array | null>>;
}

/**
 * Returns what cuts a layer to its tail: projectors on the singular vectors of its largest eigenvalues, those of all matrices of a
 * convolution counted together. Singular values of the tail stay as they are, all others become 0 (SETOL, section 6).
 */
export function tailProjectors(
  weights: WeightMatrices,
  fit: PowerLawMode,
  algebra: LinearAlgebra,
): TailProjectors {
  const { matrices, rows, cols, precision } = weights;
  const shape = { N: Math.max(rows, cols), M: Math.min(rows, cols) };
  const decomposed = matrices.map((W) => algebra.eigenvectors(W, rows, cols));
  const spectrum = pooledSpectrum(
    decomposed.map(({ eigenvalues }, i) =>
      spectrumOf(eigenvalues, shape, precision, spreadEnergy(matrices[i]!, algebra)),
    ),
  );
  const { num_pl_spikes, detX_num, num_spikes } = layerSpectrum(spectrum, { fit });
  const counts: Record<Cut, number | null> = { pl: num_pl_spikes, detX: detX_num, tw: num_spikes };
  const { eigenvalues } = spectrum;
  const projectors = CUTS.map((cut) => {
    const count = counts[cut];
    if (count === null) return [cut, null];
    const least = count === 0 ? Number.POSITIVE_INFINITY : eigenvalues[eigenvalues.length - count]!;
    const all = new Float32Array(matrices.length * shape.M ** 2);
    for (const [i, one] of decomposed.entries()) {
      const kept = one.eigenvalues.filter((value) => value >= least).length;
      all.set(projector(one.vectors, shape.M, kept), i * shape.M ** 2);
    }
    return [cut, all];
  });
  return {
    side: cols <= rows ? 'right' : 'left',
    size: shape.M,
    projectors: Object.fromEntries(projectors) as TailProjectors['projectors'],
  };
}

/** The projector on the last `kept` of n unit vectors, or the identity less that on the others where these are fewer. */
function projector(vectors: Float64Array, n: number, kept: number): Float64Array {
  const complement = kept > n / 2;
  const [from, to] = complement ? [0, n - kept] : [n - kept, n];
  const P = new Float64Array(n * n);
  if (complement) for (let i = 0; i < n; i++) P[i * n + i] = 1;
  const sign = complement ? -1 : 1;
  for (let k = from; k < to; k++) {
    const v = vectors.subarray(k * n, (k + 1) * n);
    for (let i = 0; i < n; i++) {
      const factor = sign * v[i]!;
      for (let j = 0; j < n; j++) P[i * n + j]! += factor * v[j]!;
    }
  }
  return P;
}
