import { largestOf } from '../base/extremes.ts';
import type { RandomStream } from '../base/random/stream.ts';
import { fitMarchenkoPastur } from './laws/fitMarchenkoPastur.ts';
import { sigmaOfEdge } from './laws/marchenkoPastur.ts';
import { fitPowerLaw, type PowerLawMode } from './laws/powerLaw.ts';
import type { LinearAlgebra } from './linalg/linearAlgebra.ts';
import type { Spectrum } from './measures/spectrum.ts';
import { type WeightMatrices, weightSpectra } from './weightSpectra.ts';

/**
 * What randomized copies of a layer show: its entries permuted at random, which keeps their distribution and takes away all
 * correlation. Keys are columns of spectra.csv. p-values count how many copies are at least as far out, the layer itself counted in:
 * (1 + hits) / (1 + copies), so never below 1 / (1 + copies).
 */
export interface NullCalibration {
  rand_copies: number;
  /** Largest eigenvalue of all copies. */
  max_rand_eval: number;
  /** Means over the copies; null where no copy could be fitted. */
  rand_lambda_max: number;
  rand_sigma_mp: number | null;
  rand_tw_edge: number | null;
  rand_num_spikes: number | null;
  rand_mp_softrank: number | null;
  rand_alpha: number | null;
  /** Correlation traps: eigenvalues beyond the edge of their own copy, as many as more than half of the copies have. */
  num_traps: number | null;
  /** sigma of the law that ends at max_rand_eval: the authors' sigma_shuf, the upper bound of sigma_mp. */
  sigma_shuf: number;
  /** Mean Jensen-Shannon distance of the ascending spectra of layer and copy, each divided by its sum (WeightWatcher's formula). */
  rand_distance: number;
  /** rand_lambda_max / lambda_max. */
  ww_softrank: number;
  /** lambda_max - rand_lambda_max. */
  ww_maxdist: number;
  /** Share of copies with an alpha as small. */
  p_alpha: number | null;
  /** Share of copies with a largest eigenvalue as large. */
  p_lambda_max: number;
  /** Share of copies with as many spikes. */
  p_num_spikes: number | null;
}

/**
 * Returns the comparison of a layer with `copies` randomized copies. `spectrum`: the layer's, of all
 * `weights.matrices` together; every copy permutes each matrix within itself. Null where all eigenvalues are 0.
 */
export function nullCalibration(
  spectrum: Spectrum,
  weights: WeightMatrices,
  { copies, fit }: { copies: number; fit: PowerLawMode },
  stream: RandomStream,
  algebra: LinearAlgebra,
): NullCalibration | null {
  if (!Number.isInteger(copies) || copies < 1) {
    throw new RangeError(`copies must be a positive integer, got ${copies}`);
  }
  const { N, M } = spectrum.shape;
  const layer = features(spectrum, fit);
  if (!(layer.lambdaMax > 0)) return null;
  const randomized = Array.from({ length: copies }, () => {
    const copy = randomizedSpectrum(weights, stream, algebra);
    const distance = jensenShannonDistance(spectrum.eigenvalues, copy.eigenvalues);
    return { ...features(copy, fit), distance };
  });
  const all = <K extends keyof (typeof randomized)[number]>(key: K) => randomized.map((copy) => copy[key]);
  const maxRandEval = largestOf(all('lambdaMax'));
  const randLambdaMax = mean(all('lambdaMax'))!;
  return {
    rand_copies: copies,
    max_rand_eval: maxRandEval,
    rand_lambda_max: randLambdaMax,
    rand_sigma_mp: mean(all('sigma')),
    rand_tw_edge: mean(all('twEdge')),
    rand_num_spikes: mean(all('numSpikes')),
    num_traps: lowerMedian(all('numSpikes')),
    rand_mp_softrank: mean(all('softRank')),
    rand_alpha: mean(all('alpha')),
    sigma_shuf: sigmaOfEdge(maxRandEval, N / M),
    rand_distance: mean(all('distance'))!,
    ww_softrank: randLambdaMax / layer.lambdaMax,
    ww_maxdist: layer.lambdaMax - randLambdaMax,
    p_alpha: pValue(layer.alpha, all('alpha'), (copy, observed) => copy <= observed),
    p_lambda_max: pValue(layer.lambdaMax, all('lambdaMax'), (copy, observed) => copy >= observed)!,
    p_num_spikes: pValue(layer.numSpikes, all('numSpikes'), (copy, observed) => copy >= observed),
  };
}

/** Returns the spectrum of the matrices with the entries of each permuted. */
export function randomizedSpectrum(
  weights: WeightMatrices,
  stream: RandomStream,
  algebra: LinearAlgebra,
): Spectrum {
  const matrices = weights.matrices.map((W) => {
    const permuted = W.slice();
    stream.shuffle(permuted);
    return permuted;
  });
  return weightSpectra([{ ...weights, matrices }], algebra)[0]!;
}

function features(spectrum: Spectrum, mode: PowerLawMode) {
  const powerLaw = fitPowerLaw(spectrum.positive, mode);
  const mp = fitMarchenkoPastur(spectrum);
  return {
    lambdaMax: spectrum.eigenvalues[spectrum.eigenvalues.length - 1]!,
    alpha: powerLaw.alpha,
    sigma: mp.sigma,
    twEdge: mp.sigma === null ? null : mp.twEdge,
    numSpikes: mp.sigma === null ? null : mp.numSpikes,
    softRank: mp.sigma === null ? null : mp.mpSoftRank,
  };
}

const knownOf = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null);

/** What more than half of the copies reach. */
function lowerMedian(values: readonly (number | null)[]): number | null {
  const known = knownOf(values).sort((a, b) => a - b);
  return known[Math.ceil(known.length / 2) - 1] ?? null;
}

function mean(values: readonly (number | null)[]): number | null {
  const known = knownOf(values);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function pValue(
  observed: number | null,
  copies: readonly (number | null)[],
  isAsFar: (copy: number, observed: number) => boolean,
): number | null {
  if (observed === null) return null;
  const known = knownOf(copies);
  if (known.length === 0) return null;
  return (1 + known.filter((copy) => isAsFar(copy, observed)).length) / (1 + known.length);
}

function jensenShannonDistance(a: Float64Array, b: Float64Array): number {
  const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
  const [sumA, sumB] = [total(a), total(b)];
  if (!(sumA > 0 && sumB > 0)) return 0;
  let divergence = 0;
  for (let i = 0; i < a.length; i++) {
    const p = a[i]! / sumA;
    const q = b[i]! / sumB;
    const middle = (p + q) / 2;
    if (p > 0) divergence += (p * Math.log(p / middle)) / 2;
    if (q > 0) divergence += (q * Math.log(q / middle)) / 2;
  }
  return Math.sqrt(Math.max(0, divergence));
}
