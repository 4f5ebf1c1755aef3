import { fitMarchenkoPastur, type MarchenkoPasturMode } from './fitMarchenkoPastur.ts';
import { fitPowerLaw, type PowerLawMode } from './powerLaw.ts';
import {
  logAlphaNorm,
  matrixEntropy,
  matrixRank,
  matrixShape,
  stableRank,
  sum,
  type WeightPrecision,
  zeroEigenvalue,
} from './ranks.ts';
import type { SpectrumRow } from './spectrumRow.ts';

export interface LayerSpectrumOptions {
  /** How alpha is fitted; `paper` when left out. */
  fit?: PowerLawMode;
  /** How sigma_mp is found; robust when left out. */
  mpFit?: MarchenkoPasturMode;
  /** Format the weights were stored in; float32 when left out. */
  precision?: WeightPrecision;
}

/** The columns of a row of spectra.csv that follow from the eigenvalues, without those of the phase. */
export type LayerSpectrum = Pick<
  SpectrumRow,
  | 'N'
  | 'M'
  | 'Q'
  | 'num_evals'
  | 'norm'
  | 'log_norm'
  | 'spectral_norm'
  | 'log_spectral_norm'
  | 'lambda_max'
  | 'lambda_min'
  | 'stable_rank'
  | 'matrix_rank'
  | 'rank_loss'
  | 'entropy'
  | 'fit'
  | 'alpha'
  | 'alpha_weighted'
  | 'log_alpha_norm'
  | 'D'
  | 'xmin'
  | 'xmax'
  | 'sigma'
  | 'num_pl_spikes'
  | 'mp_fit'
  | 'sigma_mp'
  | 'lambda_minus'
  | 'lambda_plus'
  | 'tw_edge'
  | 'num_spikes'
  | 'mp_softrank'
  | 'bulk_ks'
  | 'notes'
>;

/**
 * Returns the metrics of one layer. `eigenvalues`: ascending, of W^T W (no 1/N), M of them for one N x M matrix (N >= M), a
 * multiple of M where those of several N x M matrices are pooled (the slices of a convolution, the runs of an ensemble).
 * What cannot be had is null and its reason stands in `notes`. Every column is defined in docs/metrics.md.
 * Throws RangeError for eigenvalues that are negative, not finite or not ascending, and for a shape that does not fit.
 */
export function layerSpectrum(
  eigenvalues: Float64Array,
  { N, M }: { N: number; M: number },
  options: LayerSpectrumOptions = {},
): LayerSpectrum {
  checkEigenvalues(eigenvalues);
  const shape = matrixShape(eigenvalues.length, N, M);
  const zero = zeroEigenvalue(eigenvalues, shape, options.precision ?? 'float32');
  const rank = matrixRank(eigenvalues, zero);
  const norm = sum(eigenvalues);
  const lambdaMax = eigenvalues[eigenvalues.length - 1]!;
  const notes: string[] = [];

  const entropy = matrixEntropy(eigenvalues, rank);
  if (lambdaMax === 0) notes.push('logarithms and stable_rank: all eigenvalues are 0');
  if (entropy === null) notes.push(`entropy: not defined for rank ${rank}`);

  const powerLaw = fitPowerLaw(eigenvalues.subarray(eigenvalues.length - rank), options.fit ?? 'paper');
  if (powerLaw.alpha === null) notes.push(`alpha: ${powerLaw.reason}`);

  const mp = fitMarchenkoPastur(eigenvalues, shape, zero, options.mpFit);
  if (mp.reason !== null) notes.push(`sigma_mp: ${mp.reason}`);

  const logMax = lambdaMax > 0 ? Math.log10(lambdaMax) : null;
  return {
    N,
    M,
    Q: N / M,
    num_evals: eigenvalues.length,
    norm,
    log_norm: norm > 0 ? Math.log10(norm) : null,
    spectral_norm: lambdaMax,
    log_spectral_norm: logMax,
    lambda_max: lambdaMax,
    lambda_min: eigenvalues[0]!,
    stable_rank: stableRank(eigenvalues),
    matrix_rank: rank,
    rank_loss: eigenvalues.length - rank,
    entropy,
    fit: powerLaw.mode,
    ...(powerLaw.alpha === null
      ? NO_POWER_LAW
      : {
          alpha: powerLaw.alpha,
          alpha_weighted: powerLaw.alpha * logMax!,
          log_alpha_norm: logAlphaNorm(eigenvalues, powerLaw.alpha),
          D: powerLaw.D,
          xmin: powerLaw.xmin,
          xmax: powerLaw.xmax,
          sigma: powerLaw.sigma,
          num_pl_spikes: powerLaw.tail,
        }),
    mp_fit: mp.mode,
    ...(mp.sigma === null
      ? NO_MARCHENKO_PASTUR
      : {
          sigma_mp: mp.sigma,
          lambda_minus: mp.lambdaMinus,
          lambda_plus: mp.lambdaPlus,
          tw_edge: mp.twEdge,
          num_spikes: mp.numSpikes,
          mp_softrank: mp.mpSoftRank,
          bulk_ks: mp.bulkKs,
        }),
    notes: notes.length > 0 ? notes.join('; ') : null,
  };
}

const NO_POWER_LAW = {
  alpha: null,
  alpha_weighted: null,
  log_alpha_norm: null,
  D: null,
  xmin: null,
  xmax: null,
  sigma: null,
  num_pl_spikes: null,
};

const NO_MARCHENKO_PASTUR = {
  sigma_mp: null,
  lambda_minus: null,
  lambda_plus: null,
  tw_edge: null,
  num_spikes: null,
  mp_softrank: null,
  bulk_ks: null,
};

function checkEigenvalues(evals: Float64Array): void {
  for (let i = 0; i < evals.length; i++) {
    if (!(evals[i]! >= 0 && evals[i]! < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`eigenvalues[${i}] must be finite and not negative, got ${evals[i]}`);
    }
    if (i > 0 && evals[i]! < evals[i - 1]!) {
      throw new RangeError(`eigenvalues must ascend, got ${evals[i - 1]} before ${evals[i]} at index ${i}`);
    }
  }
}
