import { describe, expect, it } from 'vitest';
import {
  compareMetrics,
  comparisonTable,
  MEAN_LAYER,
  POOLED,
} from '../../../src/analyze/compare/compareMetrics.ts';
import type { JoinedRow } from '../../../src/experiment/results/joinRows.ts';
import { SPECTRUM_COLUMNS } from '../../../src/spectra/columns.ts';

const OPTIONS = { seed: 0, resamples: 50, level: 0.95 };
const empty = Object.fromEntries(SPECTRUM_COLUMNS.map(([column]) => [column, null]));
const row = (values: Partial<JoinedRow>): JoinedRow =>
  ({
    ...empty,
    gap: null,
    loss_gap: null,
    test_error: null,
    layer: 'fc1',
    setting: '',
    ...values,
  }) as JoinedRow;

/** Two settings: within each the gap falls with alpha, but the setting of greater alpha has the greater gaps. */
const simpson = ['a', 'b'].flatMap((setting, s) =>
  [0, 1, 2, 3, 4].map((i) =>
    row({ run: `${setting}${i}`, setting, alpha: 2 + 10 * s + i, gap: 0.1 + 0.5 * s - 0.02 * i }),
  ),
);

const find = (rows: ReturnType<typeof compareMetrics>, layer: string, group: string) =>
  rows.find(
    (entry) =>
      entry.layer === layer && entry.group === group && entry.target === 'gap' && entry.predictor === 'alpha',
  )!;

describe('compareMetrics', () => {
  it("warns where pooling reverses what every group says (Simpson's paradox)", () => {
    const rows = compareMetrics(simpson, (entry) => entry.setting, OPTIONS);
    expect(find(rows, 'fc1', 'a').correlation.spearman).toBeCloseTo(-1, 12);
    expect(find(rows, 'fc1', 'b').correlation.pearson).toBeCloseTo(-1, 12);
    const pooled = find(rows, 'fc1', POOLED);
    expect(pooled.correlation.spearman).toBeGreaterThan(0.3);
    expect(pooled).toMatchObject({ runs: 10, groups: 2, reversed: 2 });
    expect(pooled.warning).toContain('2 of 2 groups say the opposite');
  });

  it('does not warn where groups and pool agree, nor of signs that are chance', () => {
    const alike = simpson.map((entry) => ({ ...entry, gap: entry.alpha! / 100 }));
    expect(
      find(
        compareMetrics(alike, (entry) => entry.setting, OPTIONS),
        'fc1',
        POOLED,
      ).warning,
    ).toBeNull();
    const noise = simpson.map((entry, i) => ({ ...entry, gap: [3, 1, 4, 1.5, 5, 2, 6, 2.5, 3.5, 4.5][i]! }));
    const pooled = find(
      compareMetrics(noise, (entry) => entry.setting, OPTIONS),
      'fc1',
      POOLED,
    );
    expect(pooled.warning).toBeNull();
  });

  it('averages the predictors of a run over its layers, and only where every layer has one', () => {
    const rows = [1, 2, 3, 4, 5].flatMap((i) => [
      row({ run: `r${i}`, layer: 'fc1', alpha: i, stable_rank: i, gap: i }),
      row({ run: `r${i}`, layer: 'fc2', alpha: i * 3, stable_rank: null, gap: i }),
    ]);
    const found = compareMetrics(rows, () => 'one', OPTIONS);
    expect(find(found, MEAN_LAYER, POOLED)).toMatchObject({ runs: 5 });
    expect(find(found, MEAN_LAYER, POOLED).correlation.pearson).toBeCloseTo(1, 12);
    const rank = found.find((entry) => entry.layer === MEAN_LAYER && entry.predictor === 'stable_rank')!;
    expect(rank).toMatchObject({ runs: 0, correlation: { spearman: null } });
  });

  it('gives one row a layer, target, predictor and group, the same every time', () => {
    const first = comparisonTable(compareMetrics(simpson, (entry) => entry.setting, OPTIONS));
    expect(first).toHaveLength(3 * 8 * 3);
    expect(first).toEqual(comparisonTable(compareMetrics(simpson, (entry) => entry.setting, OPTIONS)));
    expect(first[0]).toMatchObject({
      layer: 'fc1',
      target: 'gap',
      predictor: 'alpha',
      group: POOLED,
      runs: 10,
    });
  });
});
