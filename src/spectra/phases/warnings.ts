import type { Spectrum } from '../measures/spectrum.ts';
import type { SpectrumRow } from '../spectrumRow.ts';
import { decidePhase, powerLawLimit } from './beliefs.ts';
import { spectrumFeatures } from './spectrumFeatures.ts';
import { NO_WITNESSES, type Witnesses } from './witnesses.ts';

type Judged = Pick<SpectrumRow, 'alpha' | 'D' | 'num_pl_spikes'> & { num_traps?: number | null };

interface WarningRule {
  /** What stands in the column. */
  warning: string;
  /** When, in words. */
  rule: string;
  source: string;
  applies(row: Judged): boolean;
}

/** What a row warns of by its own values, in the order of the column. */
export const WARNING_RULES = [
  {
    warning: 'over-trained',
    rule: 'alpha is below 2',
    source: "WeightWatcher 0.7.7, OVER_TRAINED_THRESH; SETOL's very heavy-tailed class",
    applies: ({ alpha }) => alpha !== null && alpha < 2,
  },
  {
    warning: 'under-trained',
    rule: 'alpha is above 6',
    source: 'WeightWatcher 0.7.7, UNDER_TRAINED_THRESH',
    applies: ({ alpha }) => alpha !== null && alpha > 6,
  },
  {
    warning: 'poor fit',
    rule: 'D is above 0.07, for a tail of fewer than 238 eigenvalues above 1.08 over the root of their number: alpha says little',
    source: 'the limit of `heavy-tailed` (phases.md): layers that the authors call so; Lilliefors 1969',
    applies: ({ D, num_pl_spikes }) =>
      D !== null && num_pl_spikes !== null && D > powerLawLimit(num_pl_spikes),
  },
  {
    warning: 'trap',
    rule: '`num_traps` is above 0 (known with `randomize`): the largest eigenvalues come from single entries',
    source: 'SETOL, section 6',
    applies: ({ num_traps }) => typeof num_traps === 'number' && num_traps > 0,
  },
] as const satisfies readonly WarningRule[];

/** The one that needs the spectrum. */
export const ROUNDING_WARNING = {
  warning: 'label rests on rounding',
  rule: 'the phase would be another if the eigenvalues below the rounding of the weights counted as they are, or all of them as 0: what they truly are the file does not say',
  source: 'this project',
} as const;

/** Returns what a row warns of, `over-trained; poor fit`; null where it warns of nothing. */
export function warningOf(row: Judged & Pick<SpectrumRow, 'phase'>, restsOnRounding: boolean): string | null {
  const warnings: string[] = WARNING_RULES.filter(({ applies }) => applies(row)).map(
    ({ warning }) => warning,
  );
  if (restsOnRounding) warnings.push(ROUNDING_WARNING.warning);
  return warnings.length === 0 ? null : warnings.join('; ');
}

/**
 * Returns whether the phase depends on what is taken for the truth of the eigenvalues below the rounding of the weights: whether it is
 * another where they count as they are (only what float64 arithmetic leaves of a zero counts as 0), or where all of them count as 0.
 */
export function restsOnRounding(
  spectrum: Spectrum,
  witnesses: Partial<Witnesses>,
  phase: SpectrumRow['phase'],
): boolean {
  const { eigenvalues, shape, rank } = spectrum;
  if (phase === null || rank === eigenvalues.length) return false;
  const known = { ...NO_WITNESSES, ...witnesses };
  const zero = shape.N * Number.EPSILON * eigenvalues[eigenvalues.length - 1]!;
  const positive = eigenvalues.subarray(eigenvalues.findIndex((value) => value > zero));
  const asTheyAre = spectrumFeatures({ ...spectrum, zero, rank: positive.length, positive });
  const features = spectrumFeatures(spectrum);
  if ('reason' in asTheyAre || 'reason' in features) return true;
  const asZeros = { ...features, zeroExcess: features.zeroShare };
  return [asTheyAre, asZeros].some((other) => decidePhase(other, known).phase !== phase);
}
