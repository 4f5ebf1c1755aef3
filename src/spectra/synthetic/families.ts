import type { RandomStream } from '../../base/random/stream.ts';
import { spikeStrength } from '../laws/spikedModel.ts';
import type { Phase } from '../phase.ts';
import { gaussianSpectrum } from './gaussianSpectrum.ts';
import {
  axisSpikedMatrix,
  gaussianMatrix,
  ladderMatrix,
  lowRankMatrix,
  paretoMatrix,
  type Shape,
} from './matrices.ts';

/** Matrices of one known phase. */
export interface MatrixFamily {
  name: string;
  /** The label that is right. */
  phase: Phase;
  /** What is drawn, for people. Locations are multiples of the bulk edge lambda_plus. */
  description: string;
  /** False for families shown for what they are, without a claim that eigenvalues alone tell them. */
  target: boolean;
  draw(stream: RandomStream, shape: Shape): Float64Array;
  /** Eigenvalues of such a matrix drawn directly, where that is possible: far faster. */
  drawSpectrum?(stream: RandomStream, shape: Shape): Float64Array;
}

const uniform = (stream: RandomStream, low: number, high: number): number =>
  low + (high - low) * stream.uniform();
const smaller = ({ rows, cols }: Shape): number => Math.min(rows, cols);
const aspect = ({ rows, cols }: Shape): number => Math.max(rows, cols) / Math.min(rows, cols);

/** Strength of a spike whose eigenvalue is expected at `multiple` of the bulk edge. */
function strengthAt(multiple: number, shape: Shape): number {
  const Q = aspect(shape);
  return spikeStrength(multiple * (1 + 1 / Math.sqrt(Q)) ** 2, Q);
}

function spikes(stream: RandomStream, shape: Shape, count: number, low: number, high: number): Float64Array {
  return axisSpikedMatrix(
    stream,
    shape,
    Array.from({ length: count }, () => strengthAt(uniform(stream, low, high), shape)),
  );
}

/** The families that the classifier is calibrated and tested on. */
export const MATRIX_FAMILIES: readonly MatrixFamily[] = [
  {
    name: 'gaussian',
    phase: 'random-like',
    target: true,
    description: 'independent normal entries',
    draw: gaussianMatrix,
    drawSpectrum: (stream, { rows, cols }) =>
      gaussianSpectrum(stream, { N: Math.max(rows, cols), M: Math.min(rows, cols) }),
  },
  {
    name: 'near-critical',
    phase: 'bleeding-out',
    target: true,
    description:
      'normal noise and 2 to 4 rank-one spikes just above the BBP transition, expected at 1.04 to 1.09',
    draw: (stream, shape) => spikes(stream, shape, 2 + stream.below(3), 1.04, 1.09),
  },
  {
    name: 'spiked',
    phase: 'bulk+spikes',
    target: true,
    description: 'normal noise and 1 to 9 rank-one spikes (at most 3 % of M) expected at 1.5 to 10',
    draw: (stream, shape) =>
      spikes(stream, shape, 1 + stream.below(Math.min(9, Math.floor(0.03 * smaller(shape)))), 1.5, 10),
  },
  {
    name: 'decaying bulk',
    phase: 'bulk-decay',
    target: true,
    description:
      'normal noise and a ladder of spikes strength_j = s exp(-j / (c M)) down into the bulk, c in 0.1 to 0.2, the strongest expected at 2 to 3',
    draw: (stream, shape) =>
      ladderMatrix(stream, shape, {
        strongest: strengthAt(uniform(stream, 2, 3), shape),
        share: uniform(stream, 0.1, 0.2),
      }),
  },
  {
    name: 'Pareto, Lomax',
    phase: 'heavy-tailed',
    target: true,
    description:
      "entries of density ~ (1 + w)^-(1 + mu), w >= 0, not centred: the authors' generator; mu in 1 to 3",
    draw: (stream, shape) => paretoMatrix(stream, shape, { mu: uniform(stream, 1, 3), kind: 'lomax' }),
  },
  {
    name: 'Pareto, symmetric, mu to 2',
    phase: 'heavy-tailed',
    target: true,
    description: 'entries of random sign with |w| >= 1 of density ~ |w|^-(1 + mu); mu in 1 to 2',
    draw: (stream, shape) => paretoMatrix(stream, shape, { mu: uniform(stream, 1, 2), kind: 'symmetric' }),
  },
  {
    name: 'Pareto, symmetric, mu 2 to 3',
    phase: 'heavy-tailed',
    target: false,
    description:
      'the same with mu in 2 to 3: towards 3 a matrix of this size has a Marchenko-Pastur bulk and a few outliers, as a spiked one',
    draw: (stream, shape) => paretoMatrix(stream, shape, { mu: uniform(stream, 2, 3), kind: 'symmetric' }),
  },
  {
    name: 'low rank',
    phase: 'rank-collapse',
    target: true,
    description: 'product of two normal factors of rank 0.1 M to 0.9 M',
    draw: (stream, shape) =>
      lowRankMatrix(stream, shape, {
        rank: Math.round(uniform(stream, 0.1, 0.9) * smaller(shape)),
        noise: 0,
      }),
  },
  {
    name: 'low rank with noise',
    phase: 'rank-collapse',
    target: true,
    description: 'the same of rank 0.05 M to 0.5 M with noise of 0.001 to 0.03 of its scale',
    draw: (stream, shape) =>
      lowRankMatrix(stream, shape, {
        rank: Math.round(uniform(stream, 0.05, 0.5) * smaller(shape)),
        noise: 10 ** uniform(stream, -3, Math.log10(0.03)),
      }),
  },
  {
    name: 'shrunken bulk',
    phase: 'rank-collapse',
    target: true,
    description:
      'normal noise and spikes of 0.03 M to 0.06 M (9 at least), expected at 150 to 1000, the bulk shrunk towards 0 as under too strong a weight penalty',
    draw: (stream, shape) =>
      spikes(stream, shape, Math.max(9, Math.round(uniform(stream, 0.03, 0.06) * smaller(shape))), 150, 1000),
  },
];
