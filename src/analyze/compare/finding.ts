import { largestOf } from '../../base/extremes.ts';
import { joinedLabel } from '../../experiment/results/joinRows.ts';
import { type ComparisonRow, MEAN_LAYER, POOLED, type Predictor, type Target } from './compareMetrics.ts';

/** Fewer runs than this tell little, whatever their interval says. */
const FEW_RUNS = 8;

/**
 * Returns sentences on what was found and how sure it is: how a target goes with alpha, and with which measure it goes best, over all runs
 * together. An interval that holds 0, few runs, a sign that groups contradict, and unequal fit are said.
 */
export function finding(
  comparisons: readonly ComparisonRow[],
  { target = 'gap', unequalFit = false }: { target?: Target; unequalFit?: boolean } = {},
): string {
  const pooled = comparisons.filter((row) => row.target === target && row.group === POOLED);
  const layer = pooled.some((row) => row.layer === MEAN_LAYER) ? MEAN_LAYER : pooled[0]?.layer;
  const ofLayer = pooled.filter((row) => row.layer === layer);
  const known = ofLayer.filter(({ correlation }) => correlation.spearman !== null);
  const what = joinedLabel(target);
  if (known.length === 0) {
    const runs = largestOf([0, ...ofLayer.map((row) => row.runs)]);
    return `Found: nothing can be said of the ${what} from ${runs} runs: too few, or none that vary.`;
  }
  const alpha = known.find(({ predictor }) => predictor === 'alpha');
  const best = known.reduce((first, row) => (strength(row) > strength(first) ? row : first));
  const { runs } = best;
  const sentences = [
    ...(alpha === undefined ? [] : [`the ${what} ${verdict(alpha)}`]),
    ...(best.predictor === 'alpha'
      ? []
      : [
          `of ${known.length} measures ${joinedLabel(best.predictor)} goes with it most closely: it ${verdict(best)}`,
        ]),
  ];
  const doubts = [
    ...(runs < FEW_RUNS ? [`${runs} runs are few`] : []),
    `the runs of a sweep are no random sample, so the intervals are the least doubt`,
    ...(unequalFit ? ['their gaps say most of all how far each has fitted'] : []),
    ...(known.length > 1 && !known.every(isUndecided)
      ? [`the closest of ${known.length} looks closer than it is`]
      : []),
  ];
  return `Found (${runs} runs, ${layer}): ${sentences.join('; ')}. How sure: ${doubts.join('; ')}.`;
}

function verdict(row: ComparisonRow): string {
  const rho = row.correlation.spearman!;
  const interval = row.interval.spearman;
  const name = nameOf(row.predictor);
  const value = `Spearman ${rho.toFixed(2)}`;
  const reversed = row.warning === null ? '' : `, but ${row.warning}`;
  if (interval === null)
    return `is in one order with ${name} in every resample (${value}, no interval)${reversed}`;
  const range = `${value}, 95 % interval ${interval.low.toFixed(2)} to ${interval.high.toFixed(2)}`;
  if (isUndecided(row)) {
    return `neither rises nor falls with ${name} as far as can be told (${range})${reversed}`;
  }
  return `${rho > 0 ? 'rises' : 'falls'} with ${name} (${range})${reversed}`;
}

/** Whether its interval holds both signs. */
function isUndecided({ interval: { spearman } }: ComparisonRow): boolean {
  return spearman !== null && spearman.low <= 0 && spearman.high >= 0;
}

const nameOf = (predictor: Predictor): string => joinedLabel(predictor);

const strength = ({ correlation }: ComparisonRow): number => Math.abs(correlation.spearman!);
