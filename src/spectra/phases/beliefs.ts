import { spikeFluctuation, spikeStrength } from '../laws/spikedModel.ts';
import type { Phase } from '../phase.ts';
import type { SpectrumFeatures } from './spectrumFeatures.ts';
import {
  CHANCE_DISTANCE,
  SIGNAL_RANK_COUNT,
  smallBulkDistance,
  THRESHOLDS,
  type Threshold,
  UNKNOWN_SCALE,
  UNSEEN_BELIEF,
  UNSEEN_TAIL,
} from './thresholds.ts';
import { spikesOfEntries, type Witnesses } from './witnesses.ts';

/** Belief in every phase; they sum to 1. */
export type Beliefs = Record<Phase, number>;

export interface Decision {
  /** The phase at which the answers arrive. */
  phase: Phase;
  beliefs: Beliefs;
}

/**
 * Returns the phase that the answers to the questions lead to, each taken for what is more likely, and the belief in every phase:
 * products of logistic curves around the thresholds.
 */
export function decidePhase(features: SpectrumFeatures, witnesses: Witnesses): Decision {
  const { outlier, outlierSure, onset, outlierShare, heavyTail } = THRESHOLDS;
  const collapsed = collapse(features, witnesses);
  // Significance decides the label; an excess that no eye would see only takes away belief, down to where the layer is ambiguous.
  const significant = above(features.outlier, outlier);
  const seen = UNSEEN_BELIEF + (1 - UNSEEN_BELIEF) * below(features.softRank, onset);
  const something =
    significant < 0.5 ? significant : 0.5 + (above(features.outlier, outlierSure) - 0.5) * seen;
  const pervasive = either(
    above(features.nearSpikes, { ...outlierShare, at: nearLimit(features) }),
    above(features.bulkDistance, bulkLimit(features)),
  );
  const apart = below(features.softRank, separationLimit(features));
  const noEdge = below(features.softRank, heavyTail);
  const fits = powerLawFits(features);
  const tailed = noEdge * fits;
  const rest = (1 - collapsed) * something;
  // What the entries have in any order is no correlation.
  const entries = ofSingleEntries(features, witnesses);
  const mu = witnesses.entries?.entry_mu ?? null;
  const unseenTail = mu === null ? 0 : UNSEEN_TAIL * heavyEntries(mu);
  const noise = (1 - collapsed) * (1 - something);
  const beliefs = {
    'random-like': noise * (1 - unseenTail),
    'bleeding-out': rest * (1 - entries) * (1 - pervasive) * (1 - apart),
    'bulk+spikes': rest * (1 - entries) * (1 - pervasive) * apart,
    'bulk-decay': rest * (1 - entries) * pervasive * (1 - tailed),
    'heavy-tailed': noise * unseenTail + rest * (entries + (1 - entries) * pervasive * tailed),
    'rank-collapse': collapsed,
  };
  const path = (): Phase => {
    if (collapsed > 0.5) return 'rank-collapse';
    if (something <= 0.5) return 'random-like';
    if (entries > 0.5) return 'heavy-tailed';
    if (pervasive > 0.5) return noEdge > 0.5 && fits > 0.5 ? 'heavy-tailed' : 'bulk-decay';
    return apart > 0.5 ? 'bulk+spikes' : 'bleeding-out';
  };
  return { phase: path(), beliefs };
}

function collapse(features: SpectrumFeatures, { initialSigma }: Witnesses): number {
  const { rankLoss, nullModeGap, shrinkage, crowding, cliff } = THRESHOLDS;
  const zeros = above(features.zeroExcess, rankLoss);
  const crowded = above(features.crowdedShare, crowding);
  if (initialSigma !== null && features.sigma !== null) {
    const shrunken = below(features.sigma / initialSigma, shrinkage);
    return either(zeros, shrunken * Math.max(crowded, above(features.nullModeGap, nullModeGap)));
  }
  const noise = below(features.bulkDistance, noiseBulkLimit(features));
  const gap = (1 - noise * underSignal(features)) * above(features.nullModeGap, nullModeGap);
  const crowd =
    crowded *
    (noise * UNKNOWN_SCALE + (1 - noise) * above(features.cliff, { ...cliff, at: features.cliffLimit }));
  // Two views of one mode, not two grounds for it.
  return either(zeros, Math.max(gap, crowd));
}

/** Returns the belief that what stands above a gap is a signal on the noise below it: few directions, and noise that is not too faint. */
function underSignal(features: SpectrumFeatures): number {
  const { bulkWidth, signalRank } = THRESHOLDS;
  const share = 1 - features.nullModeShare;
  const most = Math.max(signalRank.at, SIGNAL_RANK_COUNT / features.M);
  return below(share, { ...signalRank, at: most }) * above(features.bulkWidth, bulkWidth);
}

function powerLawFits({ powerLaw }: SpectrumFeatures): number {
  if (powerLaw === null) return 0;
  return below(powerLaw.D, { ...THRESHOLDS.powerLaw, at: powerLawLimit(powerLaw.tail) });
}

/** Returns the distance D up to which a power law fits a tail of so many eigenvalues. */
export function powerLawLimit(tail: number): number {
  return Math.max(THRESHOLDS.powerLaw.at, CHANCE_DISTANCE / Math.sqrt(tail));
}

/** Returns the belief that the spikes come from a heavy tail of single entries. */
export function ofSingleEntries(features: SpectrumFeatures, witnesses: Witnesses): number {
  const ofEntries = spikesOfEntries(witnesses);
  if (ofEntries === null || features.numSpikes === 0) return 0;
  const mu = witnesses.entries?.entry_mu ?? null;
  return above(ofEntries / features.numSpikes, THRESHOLDS.entryTail) * (mu === null ? 1 : heavyEntries(mu));
}

/** Returns the belief that entries have a heavy tail: a few large ones among normal ones are outliers, and none. */
function heavyEntries(mu: number): number {
  return below(mu, THRESHOLDS.entryExponent);
}

/** Returns the number of spikes near the edge above which they are no perturbation of low rank any more. */
export function nearLimit({ M, replicas }: Pick<SpectrumFeatures, 'M' | 'replicas'>): number {
  const { outlierCount, outlierShare } = THRESHOLDS;
  return replicas * Math.max(outlierCount.at, outlierShare.at * M);
}

/** Returns the distance of the bulk from which on it does not follow the law. */
export function bulkLimit(features: SpectrumFeatures): Threshold {
  return noLessThanNoise(THRESHOLDS.bulkDistance, features);
}

/** Returns the distance of the bulk up to which it is noise under a signal and no mode at 0. */
export function noiseBulkLimit(features: SpectrumFeatures): Threshold {
  return noLessThanNoise(THRESHOLDS.noiseBulk, features);
}

function noLessThanNoise(limit: Threshold, { bulkSize, replicas }: SpectrumFeatures): Threshold {
  const noise = bulkSize > 0 ? smallBulkDistance(bulkSize / replicas) : 0;
  return { ...limit, at: Math.max(limit.at, noise) };
}

/** Returns R_mp below which spikes stand apart: one expected at the limit fluctuates by tau/sqrt(N); only one that lies further out does. */
export function separationLimit({ N, M }: Pick<SpectrumFeatures, 'N' | 'M'>): Threshold {
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
