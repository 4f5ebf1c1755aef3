import type { NullCalibration } from '../nullCalibration.ts';

/** What is known of a layer beside its eigenvalues; each may be missing, and the label then says what it cannot tell. */
export interface Witnesses {
  /** sigma_mp of the same layer at epoch 0 of the same run: the scale of a bulk that nothing shrank. */
  initialSigma: number | null;
  /** What copies with permuted entries show: what is in them as well comes from single entries, not from correlations. */
  permuted: { numSpikes: number | null; softRank: number | null } | null;
}

export const NO_WITNESSES: Witnesses = { initialSigma: null, permuted: null };

/** Returns what the randomized copies of a layer say to the classifier. */
export function permutedWitness(calibration: NullCalibration | null): Witnesses['permuted'] {
  if (calibration === null) return null;
  return { numSpikes: calibration.rand_num_spikes, softRank: calibration.rand_mp_softrank };
}
