import { fitMarchenkoPastur, type MarchenkoPasturMode } from './laws/fitMarchenkoPastur.ts';
import { fitPowerLaw, type PowerLawMode } from './laws/powerLaw.ts';
import { logAlphaNorm, matrixEntropy, stableRank } from './measures/ranks.ts';
import type { Spectrum } from './measures/spectrum.ts';
import { sum } from './measures/sum.ts';
import type { SpectrumRow } from './spectrumRow.ts';

export interface LayerSpectrumOptions {
  /** How alpha is fitted; `paper` when left out. */
  fit?: PowerLawMode;
  /** How sigma_mp is found; robust when left out. */
  mpFit?: MarchenkoPasturMode;
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
 * Returns the metrics of one layer. What cannot be had is null and its reason stands in `notes`. Every column is defined in
 * docs/metrics.md.
 */
export function layerSpectrum(spectrum: Spectrum, options: LayerSpectrumOptions = {}): LayerSpectrum {
  const { eigenvalues, shape, rank, positive } = spectrum;
  const { N, M } = shape;
  const norm = sum(eigenvalues);
  const lambdaMax = eigenvalues[eigenvalues.length - 1]!;
  const notes: string[] = [];

  const entropy = matrixEntropy(spectrum);
  if (lambdaMax === 0) notes.push('logarithms and stable_rank: all eigenvalues are 0');
  if (entropy === null) notes.push(`entropy: not defined for rank ${rank}`);

  const powerLaw = fitPowerLaw(positive, options.fit ?? 'paper');
  if (powerLaw.alpha === null) notes.push(`alpha: ${powerLaw.reason}`);

  const mp = fitMarchenkoPastur(spectrum, options.mpFit);
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
    stable_rank: stableRank(spectrum),
    matrix_rank: rank,
    rank_loss: eigenvalues.length - rank,
    entropy,
    fit: powerLaw.mode,
    ...(powerLaw.alpha === null
      ? NO_POWER_LAW
      : {
          alpha: powerLaw.alpha,
          alpha_weighted: powerLaw.alpha * logMax!,
          log_alpha_norm: logAlphaNorm(spectrum, powerLaw.alpha),
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
