import { type ComparisonRow, POOLED, type Predictor, TARGETS } from '../../analyze/compare/compareMetrics.ts';
import { type JoinedRow, joinedLabel } from '../../experiment/results/joinRows.ts';

import { type Figure, fileNamePart } from './figure.ts';
import { measure } from './measure.ts';
import { scatterFigure } from './scatterFigure.ts';

const DRAWN = [
  'alpha',
  'alpha_weighted',
  'mp_softrank',
  'stable_rank',
  'log_norm',
] as const satisfies readonly Predictor[];

/** Returns the scatter plots of every target against the main predictors, a panel a layer, its pooled Spearman correlation in the title. */
export function* compareFigures(
  rows: readonly JoinedRow[],
  comparisons: readonly ComparisonRow[],
): Generator<Figure> {
  const layers = [...new Set(rows.map((row) => row.layer))];
  for (const target of TARGETS) {
    for (const predictor of DRAWN.map(measure)) {
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
        `${joinedLabel(target)} against ${predictor.label}`,
        groups,
        { x: predictor, y: { column: target, label: joinedLabel(target) } },
      );
    }
  }
}
