import { randomStream } from '../base/random/stream.ts';
import type { Results } from '../experiment/results/readResults.ts';
import { sigmaOfEdge } from '../spectra/laws/marchenkoPastur.ts';
import type { LinearAlgebra } from '../spectra/linalg/linearAlgebra.ts';
import { randomizedSpectrum } from '../spectra/nullCalibration.ts';
import type { Figure } from './figures/figure.ts';
import { permutedFigure } from './figures/permutedFigure.ts';
import { lastWeights } from './lastWeights.ts';

/** Copies of a layer: as many as the authors pool runs. */
const COPIES = 10;

/**
 * Returns a figure for every run and dense layer, unless it is 0, whose last analyzed snapshot is still there: its spectrum beside that of
 * copies whose entries are permuted at random, which are drawn here, seeded by run and layer.
 */
export function* permutedFigures(results: Results, algebra: LinearAlgebra): Generator<Figure> {
  for (const { row, rows, cols, W } of lastWeights(results)) {
    const weights = { layer: row.layer, rows, cols, matrices: [W], precision: 'float32', where: '' } as const;
    if (W.every((value) => value === 0)) continue;
    const stream = randomStream(0, `permuted/${row.run}/${row.layer}`);
    const copies = Array.from({ length: COPIES }, () => randomizedSpectrum(weights, stream, algebra));
    const permuted = Float64Array.from(copies.flatMap(({ eigenvalues }) => [...eigenvalues])).sort();
    const [N, M] = [Math.max(rows, cols), Math.min(rows, cols)];
    yield permutedFigure({
      run: row.run,
      epoch: row.epoch,
      layer: row.layer,
      Q: N / M,
      evals: algebra.eigenvalues(W, rows, cols),
      permuted,
      copies: COPIES,
      sigmaShuf: sigmaOfEdge(permuted.at(-1)!, N / M),
    });
  }
}
