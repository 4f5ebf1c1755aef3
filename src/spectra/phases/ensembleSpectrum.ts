import type { PowerLawMode } from '../laws/powerLaw.ts';
import { layerSpectrum } from '../layerSpectrum.ts';
import { pooledSpectrum, spectrumOf } from '../measures/spectrum.ts';
import type { SpectrumRow } from '../spectrumRow.ts';
import { averagePhase, classifyPhase, phaseColumns } from './classifyPhase.ts';
import { restsOnRounding, warningOf } from './warnings.ts';
import { NO_WITNESSES, type Witnesses } from './witnesses.ts';

/** A layer at one epoch of one run of an ensemble: its row, its eigenvalues of W^T W (ascending), and its sigma_mp at epoch 0. */
export interface EnsembleMember {
  row: SpectrumRow;
  evals: Float64Array;
  initialSigma: number | null;
}

/**
 * Returns the row of the pooled eigenvalues of several runs, and these eigenvalues, as the authors pool ten runs: ranks, edges and the
 * tail are those of all eigenvalues together; the label is that of the ensemble, the mean of what is believed of each run. `run` is left
 * null. Throws RangeError for none and for unequal shapes.
 */
export function ensembleSpectrum(members: readonly EnsembleMember[]): {
  row: SpectrumRow;
  evals: Float64Array;
} {
  const spectra = members.map(({ row: { N, M }, evals }) => spectrumOf(evals, { N, M }));
  const pooled = pooledSpectrum(spectra);
  const { epoch, layer, fit } = members[0]!.row;
  const verdicts = members
    .map(({ row, initialSigma }, i) => classifyPhase(spectra[i]!, rowWitnesses(row, initialSigma)))
    .filter((verdict) => verdict.phase !== null);
  const label =
    verdicts.length === 0 ? { phase: null, reason: 'no run has a label' } : averagePhase(verdicts);
  const metrics = layerSpectrum(pooled, { fit: fit as PowerLawMode });
  const known = { run: null, epoch, layer, ...metrics, ...phaseColumns(label) };
  const warning = warningOf(known, restsOnRounding(pooled, NO_WITNESSES, label.phase));
  return { row: { ...known, warning }, evals: pooled.eigenvalues };
}

/** Returns what a row of spectra.csv says to the classifier beside the eigenvalues. */
export function rowWitnesses(row: SpectrumRow, initialSigma: number | null): Witnesses {
  const { rand_num_spikes, rand_mp_softrank, num_entry_spikes, entry_mu } = row;
  return {
    initialSigma,
    permuted:
      typeof rand_num_spikes === 'number' && typeof rand_mp_softrank === 'number'
        ? { numSpikes: rand_num_spikes, softRank: rand_mp_softrank }
        : null,
    entries: typeof num_entry_spikes === 'number' ? { num_entry_spikes, entry_mu: entry_mu ?? null } : null,
  };
}
