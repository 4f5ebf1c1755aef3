import { type ComparisonRow, POOLED, type Predictor, TARGETS } from '../../analyze/compare/compareMetrics.ts';
import { type JoinedRow, joinedLabel } from '../../experiment/results/joinRows.ts';

import { measuresByEpochFigure } from './curves.ts';
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

/** What is followed over the epochs. */
const FOLLOWED = ['entropy', 'stable_rank', 'mp_softrank', 'alpha'] as const;

/** Returns the measures of all runs over their epochs, on one axis, seeds together: a figure a layer that several of them have. */
export function* comparedByEpochFigures(
  epochs: readonly JoinedRow[],
  seedGroups: ReadonlyMap<string, string> = new Map(),
): Generator<Figure> {
  for (const layer of new Set(epochs.map((row) => row.layer))) {
    const rows = epochs.filter((row) => row.layer === layer);
    const [runs, times] = [new Set(rows.map(({ run }) => run)), new Set(rows.map(({ epoch }) => epoch))];
    if (runs.size < 2 || times.size < 2) continue;
    yield measuresByEpochFigure(
      `measures-by-epoch-${layer}`,
      `${layer} against epoch`,
      rows,
      FOLLOWED.map(measure),
      seedGroups,
    );
  }
}

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
