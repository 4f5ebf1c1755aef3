import type { Phase } from '../phase.ts';
import {
  bulkLimit,
  nearLimit,
  noiseBulkLimit,
  ofSingleEntries,
  powerLawLimit,
  separationLimit,
} from './beliefs.ts';
import type { SpectrumFeatures } from './spectrumFeatures.ts';
import { NEAR_EDGE, THRESHOLDS } from './thresholds.ts';
import type { Witnesses } from './witnesses.ts';

/** Returns what decided on a label, in words, and then the quantities it rests on with their limits in brackets. */
export function evidenceOf(phase: Phase, features: SpectrumFeatures, witnesses: Witnesses): string {
  return [
    reason(phase, features, witnesses),
    ...(features.noBulk === null ? bulk(features) : [features.noBulk]),
    ...modeAtZero(features),
    ...witnessed(features, witnesses),
  ].join('; ');
}

function reason(phase: Phase, features: SpectrumFeatures, witnesses: Witnesses): string {
  const { initialSigma, permuted } = witnesses;
  const { crowding } = THRESHOLDS;
  switch (phase) {
    case 'random-like':
      return 'nothing lies above the bulk edge';
    case 'bleeding-out':
      return 'a few eigenvalues lie just above the edge of a clean bulk';
    case 'bulk+spikes': {
      const spikes = 'a few spikes lie apart from a clean bulk';
      return initialSigma !== null && features.crowdedShare >= crowding.at
        ? `${spikes}, which is as wide as at epoch 0`
        : `${spikes}${orCollapsed(features, witnesses)}`;
    }
    case 'bulk-decay':
      return `${decay(features)}, and no heavy tail takes its place${orCollapsed(features, witnesses)}`;
    case 'heavy-tailed': {
      if (ofSingleEntries(features, witnesses) <= 0.5) {
        return 'lambda_max is far beyond the edge, and a power law fits the tail';
      }
      return permuted === null
        ? 'single entries are large enough to make the outliers: no correlations are needed'
        : 'permuted copies have the outliers too: they come from the sizes of single entries';
    }
    case 'rank-collapse':
      if (features.zeroExcess > THRESHOLDS.rankLoss.at) return 'a good part of the eigenvalues is 0';
      return initialSigma !== null && features.sigma !== null
        ? 'the bulk has shrunk to a mode at 0'
        : 'most eigenvalues are in a mode at 0';
  }
}

/** Says of a narrow bulk that follows the law what its eigenvalues do not tell. */
function orCollapsed(features: SpectrumFeatures, { initialSigma }: Witnesses): string {
  const narrow = features.crowdedShare >= THRESHOLDS.crowding.at;
  if (initialSigma !== null || !narrow || features.bulkDistance > noiseBulkLimit(features).at) return '';
  return '; with a bulk this narrow, or collapsed: the scale of the first epoch would tell';
}

function decay(features: SpectrumFeatures): string {
  if (features.bulkDistance > bulkLimit(features).at) return 'the bulk does not follow the law';
  if (features.nearSpikes > nearLimit(features)) return 'many eigenvalues lie just above the edge';
  return 'the bulk and the number of eigenvalues just above it are both close to what is too far';
}

function bulk(features: SpectrumFeatures): string[] {
  const { outlier, heavyTail } = THRESHOLDS;
  const parts = [
    `${features.numSpikes} eigenvalues (${percent(features.outlierShare)}) above the bulk edge`,
    `${features.nearSpikes} of them within ${NEAR_EDGE} times the edge (limit ${nearLimit(features).toPrecision(3)})`,
    `lambda_max ${features.outlier.toFixed(1)} Tracy-Widom units above it (${outlier.at})`,
    `R_mp ${features.softRank.toPrecision(3)} (apart below ${separationLimit(features).at.toPrecision(3)}, heavy below ${heavyTail.at})`,
    `bulk KS ${features.bulkDistance.toFixed(4)} (${bulkLimit(features).at.toFixed(4)})`,
  ];
  if (features.softRank < heavyTail.at && features.powerLaw !== null) {
    const { alpha, D, tail } = features.powerLaw;
    parts.push(
      `power law of alpha ${alpha.toPrecision(3)} over ${tail} eigenvalues with D ${D.toFixed(3)} (${powerLawLimit(tail).toFixed(3)})`,
    );
  }
  return parts;
}

function modeAtZero(features: SpectrumFeatures): string[] {
  const { rankLoss, nullModeGap, crowding, bulkWidth } = THRESHOLDS;
  const parts: string[] = [];
  if (features.zeroShare > 0) {
    const hides = `of them beyond what rounding hides (${percent(rankLoss.at)})`;
    parts.push(
      `${percent(features.zeroShare)} of the eigenvalues 0, ${percent(features.zeroExcess)} ${hides}`,
    );
  }
  if (features.nullModeGap > Math.sqrt(nullModeGap.at)) {
    parts.push(
      `${percent(features.nullModeShare)} below a gap of a factor ${features.nullModeGap.toPrecision(3)} (${nullModeGap.at})`,
    );
    if (features.noBulk === null) {
      parts.push(`bulk of ${features.bulkWidth.toPrecision(3)} of all entries (${bulkWidth.at})`);
    }
  }
  if (features.crowdedShare > crowding.at) {
    parts.push(
      `${percent(features.crowdedShare)} below lambda_max / 100 (${percent(crowding.at)}), cliff of a factor ${features.cliff.toPrecision(3)} (${features.cliffLimit.toPrecision(3)})`,
    );
  }
  return parts;
}

function witnessed(features: SpectrumFeatures, { initialSigma, permuted, entries }: Witnesses): string[] {
  const { shrinkage, entryExponent } = THRESHOLDS;
  const parts: string[] = [];
  if (initialSigma !== null && features.sigma !== null) {
    const ratio = features.sigma / initialSigma;
    parts.push(`sigma_mp ${ratio.toPrecision(3)} of that of epoch 0 (shrunken below ${shrinkage.at})`);
  }
  if (permuted !== null && permuted.numSpikes !== null && permuted.softRank !== null) {
    parts.push(
      `permuted copies: ${permuted.numSpikes.toPrecision(3)} spikes, R_mp ${permuted.softRank.toPrecision(3)}`,
    );
  }
  if (entries !== null && entries.entry_mu !== null) {
    const { num_entry_spikes, entry_mu } = entries;
    if ((num_entry_spikes ?? 0) >= 0.05 || entry_mu < entryExponent.at) {
      parts.push(
        `single entries: ${(num_entry_spikes ?? 0).toFixed(1)} spikes expected, mu ${entry_mu.toPrecision(3)} (heavy below ${entryExponent.at})`,
      );
    }
  }
  return parts;
}

const percent = (share: number): string => `${(100 * share).toPrecision(3)} %`;
