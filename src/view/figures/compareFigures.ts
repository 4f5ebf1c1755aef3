import {
  type ComparisonRow,
  POOLED,
  type Predictor,
  TARGETS,
  type Target,
} from '../../analyze/compare/compareMetrics.ts';
import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import type { Measure } from './curves.ts';
import { type Figure, fileNamePart } from './figure.ts';
import { scatterFigure } from './scatterFigure.ts';

export const TARGET_LABELS: Readonly<Record<Target, string>> = {
  gap: 'generalization gap (accuracy)',
  loss_gap: 'generalization gap (loss)',
  test_error: 'test error',
};
const DRAWN: readonly (Measure & { column: Predictor })[] = [
  { column: 'alpha', label: 'alpha' },
  { column: 'alpha_weighted', label: 'weighted alpha' },
  { column: 'mp_softrank', label: 'MP soft rank' },
  { column: 'stable_rank', label: 'stable rank' },
  { column: 'log_norm', label: 'log norm' },
];

/** Returns the scatter plots of every target against the main predictors, a panel a layer, its pooled Spearman correlation in the title. */
export function* compareFigures(
  rows: readonly JoinedRow[],
  comparisons: readonly ComparisonRow[],
): Generator<Figure> {
  const layers = [...new Set(rows.map((row) => row.layer))];
  for (const target of TARGETS) {
    for (const predictor of DRAWN) {
      const groups = layers.map((layer) => {
        const pooled = comparisons.find(
          (row) =>
            row.layer === layer &&
            row.target === target &&
            row.predictor === predictor.column &&
            row.group === POOLED,
        );
        const rho = pooled?.correlation.spearman ?? null;
        return {
          label: rho === null ? layer : `${layer}: Spearman ${rho.toFixed(2)}`,
          rows: rows.filter((row) => row.layer === layer),
        };
      });
      yield scatterFigure(
        fileNamePart(`${target}-against-${predictor.column}`),
        `${TARGET_LABELS[target]} against ${predictor.label}`,
        groups,
        { x: predictor, y: { column: target, label: TARGET_LABELS[target] } },
      );
    }
  }
}
