import { spikeFluctuation, spikeStrength } from '../laws/spikedModel.ts';
import type { Spectrum } from '../measures/spectrum.ts';
import { PHASES, type Phase } from '../phase.ts';
import type { SpectrumRow } from '../spectrumRow.ts';
import { type SpectrumFeatures, spectrumFeatures } from './spectrumFeatures.ts';
import {
  AMBIGUOUS_BELOW,
  NOISE_BULK_DISTANCE,
  THRESHOLDS,
  type Threshold,
  UNSEEN_BELIEF,
} from './thresholds.ts';

export interface PhaseVerdict {
  phase: Phase;
  /** Belief in `phase`, 0..1: how far the spectrum lies from the thresholds, not a frequency. */
  confidence: number;
  /** Belief in every phase; they sum to 1. */
  beliefs: Record<Phase, number>;
  ambiguous: boolean;
  /** The second most believed phase. */
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
 * Returns the phase of training of a weight matrix from its spectrum alone. The phases are the paper's (JMLR 22(165), section 4), who assign them by eye; the thresholds are
 * this project's (thresholds.ts). Four questions in turn, each answered by a belief: is there a mode at 0 (rank-collapse)? Is
 * anything above the bulk edge (if not, random-like)? Is the rest confined to a few spikes above a clean bulk? If so, do they
 * stand apart (bulk+spikes) or at the edge (bleeding-out); if not, is there still an edge (bulk-decay) or none to speak of
 * (heavy-tailed)? The result does not depend on the scale of W.
 */
export function classifyPhase(spectrum: Spectrum): PhaseVerdict | NoPhase {
  const features = spectrumFeatures(spectrum);
  if ('reason' in features) return { phase: null, reason: features.reason };
  return verdict(beliefsOf(features), evidenceOf(features));
}

/** Returns the phase of several runs of one layer from their verdicts: the mean of their beliefs. Throws RangeError for none. */
export function averagePhase(verdicts: readonly PhaseVerdict[]): PhaseVerdict {
  if (verdicts.length === 0) throw new RangeError('verdicts must be one or more, got none');
  const mean = Object.fromEntries(
    PHASES.map((phase) => [
      phase,
      verdicts.reduce((total, one) => total + one.beliefs[phase], 0) / verdicts.length,
    ]),
  ) as Record<Phase, number>;
  const votes = PHASES.map((phase) => ({
    phase,
    count: verdicts.filter((one) => one.phase === phase).length,
  })).filter(({ count }) => count > 0);
  return verdict(mean, `runs: ${votes.map(({ phase, count }) => `${count} ${phase}`).join(', ')}`);
}

/** Returns the phase columns of spectra.csv. */
export function phaseColumns(
  result: PhaseVerdict | NoPhase,
): Pick<
  SpectrumRow,
  'phase' | 'phase_confidence' | 'phase_ambiguous' | 'phase_runner_up' | 'phase_evidence'
> {
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

function beliefsOf(features: SpectrumFeatures): Record<Phase, number> {
  const { rankLoss, nullModeGap, crowding, cliff, outlier, onset, outlierShare, heavyTail } = THRESHOLDS;
  const collapsed = either(
    either(above(features.zeroShare, rankLoss), above(features.nullModeGap, nullModeGap)),
    above(features.crowdedShare, crowding) * above(features.cliff, cliff),
  );
  // Significance decides the label; an excess that no eye would see only takes away belief, down to where the layer is ambiguous.
  const significant = above(features.outlier, outlier);
  const seen = UNSEEN_BELIEF + (1 - UNSEEN_BELIEF) * below(features.softRank, onset);
  const something = significant < 0.5 ? significant : 0.5 + (significant - 0.5) * seen;
  const pervasive = either(
    above(features.outlierShare, outlierShare),
    above(features.bulkDistance, bulkLimit(features)),
  );
  const apart = below(features.softRank, separationLimit(features));
  const noEdge = below(features.softRank, heavyTail);
  const rest = 1 - collapsed;
  return {
    'random-like': rest * (1 - something),
    'bleeding-out': rest * something * (1 - pervasive) * (1 - apart),
    'bulk+spikes': rest * something * (1 - pervasive) * apart,
    'bulk-decay': rest * something * pervasive * (1 - noEdge),
    'heavy-tailed': rest * something * pervasive * noEdge,
    'rank-collapse': collapsed,
  };
}

function verdict(beliefs: Record<Phase, number>, evidence: string): PhaseVerdict {
  const [first, second] = [...PHASES].sort((a, b) => beliefs[b] - beliefs[a]);
  return {
    phase: first!,
    confidence: beliefs[first!],
    beliefs,
    ambiguous: beliefs[first!] < AMBIGUOUS_BELOW,
    runnerUp: second!,
    evidence,
  };
}

function bulkLimit({ M }: SpectrumFeatures): Threshold {
  const { bulkDistance } = THRESHOLDS;
  return { ...bulkDistance, at: Math.max(bulkDistance.at, NOISE_BULK_DISTANCE / M) };
}

/** A spike expected at the limit fluctuates by tau/sqrt(N); only one that lies further out stands apart. */
function separationLimit({ N, M }: SpectrumFeatures): Threshold {
  const { separation } = THRESHOLDS;
  const edge = (1 + Math.sqrt(M / N)) ** 2;
  const strength = spikeStrength(edge / separation.at, N / M);
  const deviation = spikeFluctuation(strength, N / M) / Math.sqrt(N);
  return { ...separation, at: edge / (edge / separation.at + deviation) };
}

/** Belief, 0..1, that `value` is above the threshold: a logistic curve. */
function above(value: number, { at, width, unit }: Threshold): number {
  const distance = unit === 'log' ? Math.log(value / at) : value - at;
  return 1 / (1 + Math.exp(-distance / width));
}

const below = (value: number, threshold: Threshold): number => 1 - above(value, threshold);
const either = (a: number, b: number): number => 1 - (1 - a) * (1 - b);

function evidenceOf(features: SpectrumFeatures): string {
  const { rankLoss, nullModeGap, crowding, cliff, outlier, outlierShare, heavyTail } = THRESHOLDS;
  const bulk = [
    `${features.numSpikes} eigenvalues (${percent(features.outlierShare)}) above the bulk edge (limit ${percent(outlierShare.at)})`,
    `lambda_max ${features.outlier.toFixed(1)} Tracy-Widom units above it (${outlier.at})`,
    `R_mp ${features.softRank.toPrecision(3)} (apart below ${separationLimit(features).at.toPrecision(3)}, heavy below ${heavyTail.at})`,
    `bulk KS ${features.bulkDistance.toFixed(4)} (${bulkLimit(features).at.toFixed(4)})`,
  ];
  const parts = features.noBulk === null ? bulk : [features.noBulk];
  if (features.zeroShare > 0) {
    parts.push(`${percent(features.zeroShare)} of the eigenvalues 0 (${percent(rankLoss.at)})`);
  }
  if (features.nullModeGap > Math.sqrt(nullModeGap.at)) {
    parts.push(
      `${percent(features.nullModeShare)} below a gap of a factor ${features.nullModeGap.toPrecision(3)} (${nullModeGap.at})`,
    );
  }
  if (features.crowdedShare > crowding.at) {
    parts.push(
      `${percent(features.crowdedShare)} below lambda_max / 100 (${percent(crowding.at)}), cliff of a factor ${features.cliff.toPrecision(3)} (${cliff.at})`,
    );
  }
  return parts.join('; ');
}

const percent = (share: number): string => `${(100 * share).toPrecision(3)} %`;
