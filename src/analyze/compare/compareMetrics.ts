import { randomStream } from '../../base/random/stream.ts';
import type { JoinedRow } from '../../experiment/results/joinRows.ts';
import { bootstrapInterval, type Interval } from './bootstrap.ts';
import { CORRELATION_KINDS, type CorrelationKind, correlate } from './correlation.ts';

/** The sign of a weaker Spearman correlation is chance: 12 independent pairs exceed this in a third of all cases. */
const MIN_STRENGTH = 0.3;

/** What is to be predicted, and from what. */
export const TARGETS = ['gap', 'loss_gap', 'test_error'] as const;
export const PREDICTORS = [
  'alpha',
  'alpha_weighted',
  'mp_softrank',
  'stable_rank',
  'log_norm',
  'log_spectral_norm',
  'log_alpha_norm',
  'entropy',
] as const;
export type Target = (typeof TARGETS)[number];
export type Predictor = (typeof PREDICTORS)[number];

/** Layer of the rows whose predictors are the means over a run's layers. */
export const MEAN_LAYER = 'mean of layers';
/** Group of the rows that take all runs together. */
export const POOLED = 'pooled';

/** One row of the comparison: a target against a predictor, of a layer, in a group. */
export interface ComparisonRow {
  target: Target;
  predictor: Predictor;
  layer: string;
  /** The settings that the runs share, or `pooled`. */
  group: string;
  runs: number;
  correlation: Record<CorrelationKind, number | null>;
  interval: Record<CorrelationKind, Interval | null>;
  /** Groups whose Spearman correlation has the other sign than the pooled one, of the `groups` that have one to speak of; pooled rows only. */
  reversed: number;
  groups: number;
  warning: string | null;
}

export interface CompareOptions {
  seed: number;
  resamples: number;
  level: number;
}

/**
 * Returns the correlations of every target with every predictor, per layer and over the layers' mean, within each group of runs
 * and pooled. `rows` are one a run and layer (the last epoch); `group` names the settings a run shares with its group.
 * A pooled row warns where the groups tell another sign than the pool (Simpson's paradox).
 */
export function compareMetrics(
  rows: readonly JoinedRow[],
  group: (row: JoinedRow) => string,
  { seed, resamples, level }: CompareOptions,
): ComparisonRow[] {
  const layers = [...new Set(rows.map((row) => row.layer))];
  const tables = [
    ...layers.map((layer) => ({ layer, rows: rows.filter((row) => row.layer === layer) })),
    ...(layers.length > 1 ? [{ layer: MEAN_LAYER, rows: meanOfLayers(rows) }] : []),
  ];
  return tables.flatMap((table) =>
    TARGETS.flatMap((target) =>
      PREDICTORS.flatMap((predictor) => {
        const members = new Map<string, JoinedRow[]>();
        for (const row of table.rows) {
          const name = group(row);
          members.set(name, [...(members.get(name) ?? []), row]);
        }
        const compare = (name: string, list: readonly JoinedRow[]): ComparisonRow =>
          comparison({ target, predictor, layer: table.layer, group: name }, list, seed, {
            resamples,
            level,
          });
        const within = members.size < 2 ? [] : [...members].map(([name, list]) => compare(name, list));
        return [warnOfReversal(compare(POOLED, table.rows), within), ...within];
      }),
    ),
  );
}

function comparison(
  what: Pick<ComparisonRow, 'target' | 'predictor' | 'layer' | 'group'>,
  rows: readonly JoinedRow[],
  seed: number,
  options: { resamples: number; level: number },
): ComparisonRow {
  const pairs = rows.filter((row) => row[what.target] !== null && row[what.predictor] !== null);
  const x = Float64Array.from(pairs, (row) => row[what.predictor]!);
  const y = Float64Array.from(pairs, (row) => row[what.target]!);
  const path = [what.layer, what.target, what.predictor, what.group].join('/');
  const each = <T>(value: (kind: CorrelationKind) => T): Record<CorrelationKind, T> => ({
    spearman: value('spearman'),
    kendall: value('kendall'),
    pearson: value('pearson'),
  });
  return {
    ...what,
    runs: pairs.length,
    correlation: each((kind) => correlate(kind, x, y)),
    interval: each((kind) =>
      bootstrapInterval(kind, x, y, randomStream(seed, `compare/${path}/${kind}`), options),
    ),
    reversed: 0,
    groups: 0,
    warning: null,
  };
}

/** Simpson's paradox: what holds within every group may be reversed where groups differ in both quantities. */
function warnOfReversal(pooled: ComparisonRow, within: readonly ComparisonRow[]): ComparisonRow {
  const sign = signOf(pooled);
  const signs = within.map(signOf).filter((groupSign) => groupSign !== 0);
  const reversed = signs.filter((groupSign) => groupSign === -sign).length;
  const warning =
    sign !== 0 && signs.length > 0 && reversed * 2 > signs.length
      ? `pooling reverses the sign: ${reversed} of ${signs.length} groups say the opposite (Simpson's paradox)`
      : null;
  return { ...pooled, reversed, groups: signs.length, warning };
}

function signOf({ correlation: { spearman } }: ComparisonRow): number {
  return spearman === null || Math.abs(spearman) < MIN_STRENGTH ? 0 : Math.sign(spearman);
}

/** One row a run, its predictors the means over its layers; a predictor that one of them lacks is null. */
function meanOfLayers(rows: readonly JoinedRow[]): JoinedRow[] {
  const runs = new Map<string, JoinedRow[]>();
  for (const row of rows) runs.set(row.run ?? '', [...(runs.get(row.run ?? '') ?? []), row]);
  return [...runs.values()].map((layers) => {
    const means = PREDICTORS.map((predictor) => {
      const values = layers.map((row) => row[predictor]).filter((value) => value !== null);
      const complete = values.length === layers.length;
      return [predictor, complete ? values.reduce((sum, value) => sum + value / layers.length, 0) : null];
    });
    return { ...layers[0]!, layer: MEAN_LAYER, ...Object.fromEntries(means) };
  });
}

/** Returns the comparison as flat rows, the columns of its CSV. */
export function comparisonTable(
  comparisons: readonly ComparisonRow[],
): Record<string, string | number | null>[] {
  return comparisons.map(({ correlation, interval, ...row }) => ({
    layer: row.layer,
    target: row.target,
    predictor: row.predictor,
    group: row.group,
    runs: row.runs,
    ...Object.fromEntries(
      CORRELATION_KINDS.flatMap((kind) => [
        [kind, correlation[kind]],
        [`${kind}_low`, interval[kind]?.low ?? null],
        [`${kind}_high`, interval[kind]?.high ?? null],
      ]),
    ),
    groups: row.groups,
    reversed_groups: row.reversed,
    warning: row.warning,
  }));
}
