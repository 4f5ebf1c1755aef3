import type { EntryTail } from '../entryTail.ts';
import type { NullCalibration } from '../nullCalibration.ts';

/** What is known of a layer beside its eigenvalues; each may be missing, and the label then says what it cannot tell. */
export interface Witnesses {
  /** sigma_mp of the same layer at epoch 0 of the same run: the scale of a bulk that nothing shrank. */
  initialSigma: number | null;
  /** What copies with permuted entries show: what is in them as well comes from single entries, not from correlations. */
  permuted: { numSpikes: number | null; softRank: number | null } | null;
  /** What the sizes of single entries say where the weights are at hand. */
  entries: EntryTail | null;
}

export const NO_WITNESSES: Witnesses = { initialSigma: null, permuted: null, entries: null };

/** Returns how many spikes come from the sizes of single entries, as copies show or, without any, as is expected; null where unknown. */
export function spikesOfEntries({ permuted, entries }: Witnesses): number | null {
  return permuted?.numSpikes ?? entries?.num_entry_spikes ?? null;
}

/** Returns what the randomized copies of a layer say to the classifier. */
export function permutedWitness(calibration: NullCalibration | null): Witnesses['permuted'] {
  if (calibration === null) return null;
  return { numSpikes: calibration.rand_num_spikes, softRank: calibration.rand_mp_softrank };
}
