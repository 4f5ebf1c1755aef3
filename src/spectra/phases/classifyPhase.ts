import type { Spectrum } from '../measures/spectrum.ts';
import { PHASES, type Phase } from '../phase.ts';
import type { SpectrumRow } from '../spectrumRow.ts';
import { type Beliefs, decidePhase } from './beliefs.ts';
import { evidenceOf } from './evidence.ts';
import { rightShare } from './reliability.ts';
import { spectrumFeatures } from './spectrumFeatures.ts';
import { AMBIGUOUS_BELOW } from './thresholds.ts';
import { NO_WITNESSES, type Witnesses } from './witnesses.ts';

export interface PhaseVerdict {
  phase: Phase;
  /** How often a label believed as much is right on matrices of known class, 0..1 (docs/notebook/calibration.md). */
  confidence: number;
  /** How far the spectrum lies from the thresholds; they sum to 1. */
  beliefs: Beliefs;
  ambiguous: boolean;
  /** The most believed of the other phases. */
  runnerUp: Phase;
  /** The quantities the label rests on, against their thresholds. */
  evidence: string;
}

/** No phase could be named; `reason` says why. */
export interface NoPhase {
  phase: null;
  reason: string;
}

/**
 * Returns the phase of training of a weight matrix from its spectrum, and from what else is known of it. The phases are the paper's
 * (JMLR 22(165), section 4), who assign them by eye; the thresholds are this project's (thresholds.ts). Four questions in turn, each
 * answered by a belief: is there a mode at 0 (rank-collapse)? Is anything above the bulk edge (if not, random-like)? Is the rest a few
 * spikes above a clean bulk? If so, do they stand apart (bulk+spikes) or at the edge (bleeding-out); if not, is there a heavy tail that
 * a power law fits (heavy-tailed) or not (bulk-decay)? Without witnesses the result does not depend on the scale of W.
 */
export function classifyPhase(
  spectrum: Spectrum,
  witnesses: Partial<Witnesses> = NO_WITNESSES,
): PhaseVerdict | NoPhase {
  const features = spectrumFeatures(spectrum);
  if ('reason' in features) return { phase: null, reason: features.reason };
  const known = { ...NO_WITNESSES, ...witnesses };
  const { phase, beliefs } = decidePhase(features, known);
  return verdict(phase, beliefs, evidenceOf(phase, features, known));
}

/**
 * Returns the phase of several runs of one layer from their verdicts: the mean of their beliefs. Its confidence is no higher than the
 * share of the runs that have this label themselves. Throws RangeError for none.
 */
export function averagePhase(verdicts: readonly PhaseVerdict[]): PhaseVerdict {
  if (verdicts.length === 0) throw new RangeError('verdicts must be one or more, got none');
  const mean = Object.fromEntries(
    PHASES.map((phase) => [
      phase,
      verdicts.reduce((total, one) => total + one.beliefs[phase], 0) / verdicts.length,
    ]),
  ) as Beliefs;
  const votes = PHASES.map((phase) => ({
    phase,
    count: verdicts.filter((one) => one.phase === phase).length,
  })).filter(({ count }) => count > 0);
  const runs = `runs: ${votes.map(({ phase, count }) => `${count} ${phase}`).join(', ')}`;
  const phase = mostBelieved(mean);
  const share = verdicts.filter((one) => one.phase === phase).length / verdicts.length;
  return verdict(phase, mean, runs, share);
}

/** The columns of spectra.csv that tell the phase. */
export type PhaseColumns = Pick<
  SpectrumRow,
  'phase' | 'phase_confidence' | 'phase_ambiguous' | 'phase_runner_up' | 'phase_evidence'
>;

/** Returns the phase columns of spectra.csv. */
export function phaseColumns(result: PhaseVerdict | NoPhase): PhaseColumns {
  if (result.phase === null) {
    return {
      phase: null,
      phase_confidence: null,
      phase_ambiguous: null,
      phase_runner_up: null,
      phase_evidence: result.reason,
    };
  }
  return {
    phase: result.phase,
    phase_confidence: result.confidence,
    phase_ambiguous: result.ambiguous,
    phase_runner_up: result.runnerUp,
    phase_evidence: result.evidence,
  };
}

function verdict(phase: Phase, beliefs: Beliefs, evidence: string, mostConfidence = 1): PhaseVerdict {
  const confidence = Math.min(mostConfidence, rightShare(beliefs[phase]));
  const others = PHASES.filter((other) => other !== phase);
  const runnerUp = mostBelieved(beliefs, others);
  return { phase, confidence, beliefs, ambiguous: confidence < AMBIGUOUS_BELOW, runnerUp, evidence };
}

function mostBelieved(beliefs: Beliefs, among: readonly Phase[] = PHASES): Phase {
  return among.reduce((first, phase) => (beliefs[phase] > beliefs[first] ? phase : first));
}
