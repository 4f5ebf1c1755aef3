/** Names of the 5+1 phases of training, from random-like to rank-collapse (Martin and Mahoney, JMLR 22(165), section 4). */
export const PHASES = [
  'random-like',
  'bleeding-out',
  'bulk+spikes',
  'bulk-decay',
  'heavy-tailed',
  'rank-collapse',
] as const;
export type Phase = (typeof PHASES)[number];

/**
 * One row of spectra.csv: a (run, epoch, layer). Keys are the column names, WeightWatcher's where the quantity is the same.
 * A quantity that cannot be had is null and its reason stands in `notes`. Eigenvalues are of W^T W (no 1/N).
 */
export interface SpectrumRow {
  run: string | null;
  epoch: number | null;
  layer: string;
  N: number;
  M: number;
  Q: number;
  num_evals: number;
  norm: number;
  log_norm: number | null;
  spectral_norm: number;
  log_spectral_norm: number | null;
  lambda_max: number;
  lambda_min: number;
  stable_rank: number | null;
  matrix_rank: number;
  rank_loss: number;
  entropy: number | null;
  fit: string;
  alpha: number | null;
  alpha_weighted: number | null;
  log_alpha_norm: number | null;
  D: number | null;
  xmin: number | null;
  xmax: number | null;
  sigma: number | null;
  num_pl_spikes: number | null;
  mp_fit: string;
  sigma_mp: number | null;
  lambda_minus: number | null;
  lambda_plus: number | null;
  tw_edge: number | null;
  num_spikes: number | null;
  mp_softrank: number | null;
  bulk_ks: number | null;
  phase: Phase | null;
  phase_confidence: number | null;
  phase_ambiguous: boolean | null;
  phase_runner_up: Phase | null;
  phase_evidence: string | null;
  notes: string | null;
  [extra: string]: string | number | boolean | null;
}
