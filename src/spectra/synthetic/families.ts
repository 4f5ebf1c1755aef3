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
  spikedMatrix,
} from './matrices.ts';

/** Matrices of one known phase. */
export interface MatrixFamily {
  name: string;
  /** The label that is right. */
  phase: Phase;
  /** What is drawn, for people. Locations are multiples of the bulk edge lambda_plus. */
  description: string;
  /** False for families shown for what they are, without a claim that what is known tells them. */
  target: boolean;
  /** The least number of columns for which the claim is made. */
  minCols: number;
  draw(stream: RandomStream, shape: Shape): Float64Array;
  /** Eigenvalues of such a matrix drawn directly, where that is possible: far faster. */
  drawSpectrum?(stream: RandomStream, shape: Shape): Float64Array;
  /** sigma of the noise before training, where the family says that it is known; that of the noise drawn is 1. */
  initialSigma?(stream: RandomStream): number;
  /** Whether permuted copies are to be looked at. */
  permuted?: boolean;
  /** Whether the signal is drawn on coordinate axes, where it is single entries; only its eigenvalues are meant. */
  onAxes?: boolean;
  /** Whether the sizes of the entries are to be looked at. */
  entries?: boolean;
}

export const uniform = (stream: RandomStream, low: number, high: number): number =>
  low + (high - low) * stream.uniform();
export const logUniform = (stream: RandomStream, low: number, high: number): number =>
  Math.exp(uniform(stream, Math.log(low), Math.log(high)));
export const smaller = ({ rows, cols }: Shape): number => Math.min(rows, cols);
const aspect = ({ rows, cols }: Shape): number => Math.max(rows, cols) / Math.min(rows, cols);

/** Returns the strength of a spike whose eigenvalue is expected at `multiple` of the bulk edge. */
export function strengthAt(multiple: number, shape: Shape): number {
  const Q = aspect(shape);
  return spikeStrength(multiple * (1 + 1 / Math.sqrt(Q)) ** 2, Q);
}

/** Returns noise and `count` spikes, each expected where `location` says, as a multiple of the edge. */
export function spikes(
  stream: RandomStream,
  shape: Shape,
  count: number,
  location: (j: number) => number,
): Float64Array {
  return axisSpikedMatrix(
    stream,
    shape,
    Array.from({ length: count }, (_, j) => strengthAt(location(j), shape)),
  );
}

/** Directions of a strong signal: a fiftieth of the columns, but 8 at least, from 300 to 1,100 times the edge down to it. */
function strongSignal(stream: RandomStream, shape: Shape): Float64Array {
  const count = Math.max(8, Math.round(smaller(shape) / 50));
  const strongest = logUniform(stream, 300, 1100);
  return spikes(stream, shape, count, (j) => strongest ** (1 - j / count) * 1.2);
}

const shrunkenBulk = (stream: RandomStream, shape: Shape): Float64Array => {
  const count = Math.max(9, Math.round(uniform(stream, 0.03, 0.06) * smaller(shape)));
  return spikes(stream, shape, count, () => uniform(stream, 150, 1000));
};

/** A tail of correlations: eigenvalue j of the perturbation expected at (0.15 M / j)^slope times the edge, down into the bulk. */
export function powerLawSpectrum(stream: RandomStream, shape: Shape, slope: number): Float64Array {
  const M = smaller(shape);
  const above = Math.round(0.15 * M);
  const edge = strengthAt(1, shape);
  const strengths = Array.from({ length: 2 * above }, (_, j) => {
    const location = (above / (j + 1)) ** slope;
    return location > 1 ? strengthAt(location, shape) : edge * location;
  });
  return axisSpikedMatrix(stream, shape, strengths);
}

/** The families that the classifier is calibrated and tested on. */
export const MATRIX_FAMILIES: readonly MatrixFamily[] = [
  {
    name: 'gaussian',
    phase: 'random-like',
    target: true,
    minCols: 48,
    description: 'independent normal entries',
    draw: gaussianMatrix,
    drawSpectrum: (stream, { rows, cols }) =>
      gaussianSpectrum(stream, { N: Math.max(rows, cols), M: Math.min(rows, cols) }),
  },
  {
    name: 'gaussian, stored',
    phase: 'random-like',
    target: true,
    minCols: 48,
    description: 'the same as full matrices, rounded as all below',
    draw: gaussianMatrix,
  },
  {
    name: 'near-critical',
    phase: 'bleeding-out',
    target: true,
    onAxes: true,
    minCols: 384,
    description:
      'normal noise and 2 to 4 rank-one spikes just above the BBP transition, expected at 1.04 to 1.09',
    draw: (stream, shape) => spikes(stream, shape, 2 + stream.below(3), () => uniform(stream, 1.04, 1.09)),
  },
  {
    name: 'spiked',
    phase: 'bulk+spikes',
    target: true,
    onAxes: true,
    minCols: 48,
    description: 'normal noise and 1 to 9 rank-one spikes (at most 3 % of M) expected at 1.5 to 10',
    draw: (stream, shape) =>
      spikes(stream, shape, 1 + stream.below(Math.min(9, Math.floor(0.03 * smaller(shape)))), () =>
        uniform(stream, 1.5, 10),
      ),
  },
  {
    name: 'class directions',
    phase: 'bulk+spikes',
    target: true,
    onAxes: true,
    minCols: 48,
    description: 'normal noise and 8 to 10 rank-one spikes expected at 1.3 to 20, whatever share that is',
    draw: (stream, shape) => spikes(stream, shape, 8 + stream.below(3), () => logUniform(stream, 1.3, 20)),
  },
  {
    name: 'spikes, weak to strong',
    phase: 'bulk+spikes',
    target: true,
    onAxes: true,
    minCols: 48,
    description: 'normal noise and 1 to 20 rank-one spikes expected at 1.4 to 1000, evenly in the logarithm',
    draw: (stream, shape) => spikes(stream, shape, 1 + stream.below(20), () => logUniform(stream, 1.4, 1000)),
  },
  {
    name: 'many strong spikes',
    phase: 'bulk+spikes',
    target: true,
    onAxes: true,
    minCols: 48,
    description:
      'normal noise and rank-one spikes of 0.05 M to 0.15 M, expected between some multiple of the edge, 3 to 300, and 1000',
    draw: (stream, shape) => {
      const count = Math.round(uniform(stream, 0.05, 0.15) * smaller(shape));
      const least = logUniform(stream, 3, 300);
      return spikes(stream, shape, count, () => logUniform(stream, least, 1000));
    },
  },
  {
    name: 'strong signal, scale known',
    phase: 'bulk+spikes',
    target: true,
    onAxes: true,
    minCols: 48,
    description:
      'normal noise and M / 50 spikes (8 at least) from 300 to 1100 down to the edge; sigma of the noise is that of epoch 0',
    draw: strongSignal,
    initialSigma: () => 1,
  },
  {
    name: 'strong signal',
    phase: 'bulk+spikes',
    target: false,
    onAxes: true,
    minCols: 48,
    description: 'the same, with nothing known of the scale: a shrunken bulk has this spectrum too',
    draw: strongSignal,
  },
  {
    name: 'decaying bulk',
    phase: 'bulk-decay',
    target: true,
    onAxes: true,
    minCols: 192,
    description:
      'normal noise and a ladder of spikes strength_j = s exp(-j / (c M)) down into the bulk, c in 0.1 to 0.2, the strongest expected at 2 to 3',
    draw: (stream, shape) =>
      ladderMatrix(stream, shape, {
        strongest: strengthAt(uniform(stream, 2, 3), shape),
        share: uniform(stream, 0.1, 0.2),
      }),
  },
  {
    name: 'power-law correlations',
    phase: 'heavy-tailed',
    target: true,
    onAxes: true,
    minCols: 192,
    description:
      'normal noise and spikes j expected at (0.15 M / j)^b, on down into the bulk, b in 0.55 to 1: a heavy tail of normal entries',
    draw: (stream, shape) => powerLawSpectrum(stream, shape, uniform(stream, 0.55, 1)),
  },
  {
    name: 'Pareto, Lomax',
    phase: 'heavy-tailed',
    target: true,
    minCols: 128,
    description:
      "entries of density ~ (1 + w)^-(1 + mu), w >= 0, not centred: the authors' generator; mu in 1 to 3",
    draw: (stream, shape) => paretoMatrix(stream, shape, { mu: uniform(stream, 1, 3), kind: 'lomax' }),
  },
  {
    name: 'Pareto, symmetric, mu to 2',
    phase: 'heavy-tailed',
    target: true,
    minCols: 128,
    description: 'entries of random sign with |w| >= 1 of density ~ |w|^-(1 + mu); mu in 1 to 2',
    draw: (stream, shape) => paretoMatrix(stream, shape, { mu: uniform(stream, 1, 2), kind: 'symmetric' }),
  },
  {
    name: 'Pareto, symmetric, mu 2 to 3',
    phase: 'heavy-tailed',
    target: false,
    minCols: 128,
    description:
      'the same with mu in 2 to 3: towards 3 a matrix of this size has a Marchenko-Pastur bulk and a few outliers, as a spiked one',
    draw: (stream, shape) => paretoMatrix(stream, shape, { mu: uniform(stream, 2, 3), kind: 'symmetric' }),
  },
  {
    name: 'the same, weights at hand',
    phase: 'heavy-tailed',
    target: true,
    minCols: 128,
    description: 'mu in 2 to 3, with what the sizes of the entries say',
    draw: (stream, shape) => paretoMatrix(stream, shape, { mu: uniform(stream, 2, 3), kind: 'symmetric' }),
    entries: true,
  },
  {
    name: 'the same, copies at hand',
    phase: 'heavy-tailed',
    target: true,
    minCols: 128,
    description: 'mu in 1.5 to 2.5, with permuted copies of the entries',
    draw: (stream, shape) =>
      paretoMatrix(stream, shape, { mu: uniform(stream, 1.5, 2.5), kind: 'symmetric' }),
    permuted: true,
  },
  {
    name: 'spikes, copies at hand',
    phase: 'bulk+spikes',
    target: true,
    minCols: 48,
    description:
      'normal noise and 1 to 9 rank-one spikes on random vectors expected at 1.4 to 5, with permuted copies',
    draw: (stream, shape) =>
      spikedMatrix(
        stream,
        shape,
        Array.from({ length: 1 + stream.below(9) }, () => strengthAt(uniform(stream, 1.4, 5), shape)),
      ),
    permuted: true,
  },
  {
    name: 'low rank',
    phase: 'rank-collapse',
    target: true,
    minCols: 48,
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
    minCols: 192,
    description: 'the same of rank 0.05 M to 0.5 M with noise of 0.001 to 0.03 of its scale',
    draw: (stream, shape) =>
      lowRankMatrix(stream, shape, {
        rank: Math.round(uniform(stream, 0.05, 0.5) * smaller(shape)),
        noise: 10 ** uniform(stream, -3, Math.log10(0.03)),
      }),
  },
  {
    name: 'shrunken bulk, scale known',
    phase: 'rank-collapse',
    target: true,
    onAxes: true,
    minCols: 192,
    description:
      'normal noise and spikes of 0.03 M to 0.06 M (9 at least), expected at 150 to 1000, the bulk shrunk to 0.01 to 0.06 of that of epoch 0 as under too strong a weight penalty',
    draw: shrunkenBulk,
    initialSigma: (stream) => 1 / logUniform(stream, 0.01, 0.06),
  },
  {
    name: 'shrunken bulk',
    phase: 'rank-collapse',
    target: false,
    onAxes: true,
    minCols: 192,
    description:
      'the same, with nothing known of the scale: noise that stayed as it was has this spectrum too',
    draw: shrunkenBulk,
  },
];
