import type { LayerSpectrum } from './columns.ts';
import { type FingerMode, fitWithoutFingers } from './laws/fingers.ts';
import { fitMarchenkoPastur, type MarchenkoPasturMode } from './laws/fitMarchenkoPastur.ts';
import { fitInverseGamma } from './laws/inverseGamma.ts';
import { marchenkoPasturCdf } from './laws/marchenkoPastur.ts';
import { fitPowerLaw, type PowerLawMode } from './laws/powerLaw.ts';
import { meanSpacingRatio, spacingDistances } from './laws/spacings.ts';
import { muOfAlpha } from './laws/tailExponents.ts';
import { detX } from './measures/detX.ts';
import { logAlphaNorm, matrixEntropy, stableRank } from './measures/ranks.ts';
import type { Spectrum } from './measures/spectrum.ts';
import { sum } from './measures/sum.ts';

export interface LayerSpectrumOptions {
  /** How alpha is fitted; `paper` when left out. */
  fit?: PowerLawMode;
  /** What is done about fingers; nothing when left out. */
  fingers?: FingerMode | null;
  /** How sigma_mp is found; robust when left out. */
  mpFit?: MarchenkoPasturMode;
}

/**
 * Returns the metrics of one layer. What cannot be had is null and its reason stands in `notes`. Every column is defined in
 * docs/reference/metrics.md.
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

  const fit = options.fit ?? 'paper';
  const fingerless = options.fingers ? fitWithoutFingers(positive, fit, options.fingers) : null;
  const powerLaw = fingerless?.fit ?? fitPowerLaw(positive, fit);
  if (powerLaw.alpha === null) notes.push(`alpha: ${powerLaw.reason}`);

  const mp = fitMarchenkoPastur(spectrum, options.mpFit);
  if (mp.reason !== null) notes.push(`sigma_mp: ${mp.reason}`);

  const logMax = lambdaMax > 0 ? Math.log10(lambdaMax) : null;
  const tail = detX(spectrum);
  const inverseGamma = fitInverseGamma(positive);
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
    sv_max: Math.sqrt(lambdaMax),
    sv_min: Math.sqrt(eigenvalues[0]!),
    stable_rank: stableRank(spectrum),
    matrix_rank: rank,
    rank_loss: eigenvalues.length - rank,
    weak_rank_loss: eigenvalues.filter((value) => value < WEAK_EIGENVALUE).length,
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
    ...(fingerless === null ? {} : { num_fingers: fingerless.cut, raw_alpha: fingerless.rawAlpha }),
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
    detX_num: tail?.count ?? null,
    detX_val: tail?.value ?? null,
    num_ERG_spikes: tail?.count ?? null,
    ERG_gap: tail === null || powerLaw.alpha === null ? null : tail.count - powerLaw.tail,
    mu_alpha: powerLaw.alpha === null ? null : muOfAlpha(powerLaw.alpha),
    htmp_shape: inverseGamma?.shape ?? null,
    htmp_scale: inverseGamma?.scale ?? null,
    htmp_D: inverseGamma?.ks ?? null,
    ...spacingColumns(spectrum, mp),
  };
}

type SpacingColumns = Pick<
  LayerSpectrum,
  'spacing_ratio_bulk' | 'spacing_ratio_tail' | 'wigner_D' | 'poisson_D'
>;

function spacingColumns(
  { shape, positive }: Spectrum,
  mp: ReturnType<typeof fitMarchenkoPastur>,
): SpacingColumns {
  // Eigenvalues of different matrices do not repel each other.
  if (mp.sigma === null || shape.replicas > 1) return NO_SPACINGS;
  const { sigma, numSpikes } = mp;
  const first = positive.length - numSpikes;
  const bulk = positive.subarray(0, first);
  const distances = spacingDistances(bulk, (value) => marchenkoPasturCdf(value, shape.N / shape.M, sigma));
  return {
    spacing_ratio_bulk: meanSpacingRatio(bulk),
    spacing_ratio_tail: meanSpacingRatio(positive.subarray(first)),
    wigner_D: distances?.wigner ?? null,
    poisson_D: distances?.poisson ?? null,
  };
}

const NO_SPACINGS: SpacingColumns = {
  spacing_ratio_bulk: null,
  spacing_ratio_tail: null,
  wigner_D: null,
  poisson_D: null,
};

/** WeightWatcher's tolerance: an eigenvalue below it counts as weak, whatever the scale of the weights. */
const WEAK_EIGENVALUE = 1e-6;

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
