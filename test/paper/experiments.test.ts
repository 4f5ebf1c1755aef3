import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/base/userError.ts';
import { planRuns } from '../../src/experiment/plan/planRuns.ts';
import { loadExperiment } from '../../src/experiment/sweep/loadExperiment.ts';
import { authorsNumber, authorsRows } from '../../src/paper/authors.ts';
import { SCALES } from '../../src/paper/experimentFile.ts';
import { experimentNames, loadReproduction } from '../../src/paper/registry.ts';
import { PHASES } from '../../src/spectra/phase.ts';

const experiments = experimentNames().map(loadReproduction);

describe('experiments of the paper', () => {
  it('are all there', () => {
    expect(experimentNames()).toEqual([
      'marchenko-pastur',
      'spiked-covariance',
      'universality',
      'power-law',
      'lenet5',
      'mlp3',
      'minialexnet-baseline',
      'localization',
      'minialexnet-l2',
      'minialexnet-dropout',
      'rank-collapse',
      'batch-sweep',
      'learning-rate',
      'setol',
      'rate-batch-map',
      'pretrained',
    ]);
  });

  it('are told by name, with the nearest one where the name is wrong', () => {
    expect(() => loadReproduction('lenet')).toThrow(UserError);
    expect(() => loadReproduction('lenet')).toThrow(/did you mean lenet5\?/);
  });

  const trained = experiments.filter(({ configPath }) => configPath !== null);

  it.each(trained.map((one) => [one.name, one] as const))(
    '%s: every scale is a config, no larger than the next',
    (_, one) => {
      const steps = SCALES.map((scale) => {
        const { set } = one.settings(scale);
        const plans = planRuns(
          loadExperiment(one.configPath!, { set }),
          () => [],
          () => 0,
        );
        return plans.reduce((sum, plan) => sum + plan.steps, 0);
      });
      expect(steps[0]!).toBeLessThanOrEqual(steps[1]!);
      expect(steps[1]!).toBeLessThanOrEqual(steps[2]!);
      expect(steps[0]!).toBeLessThan(steps[2]!);
    },
  );

  const checks = experiments.flatMap((one) =>
    one.checks.map((check) => [one.name, check.number, check] as const),
  );

  it.each(checks)('%s, %s: has its numbers and their source', (_name, _number, check) => {
    const cited = [check.authors, check.thirdParty?.rows, check.epochs?.list].filter(
      (path) => path !== undefined,
    );
    for (const path of cited)
      expect(authorsNumber(path).source).toMatch(/\.ipynb|closed form|notebook|reproduc/i);
    const { rows, thirdParty } = check;
    if (rows === undefined) return;
    const keyed = [check.authors, thirdParty?.rows].flatMap((path) =>
      path === undefined ? [] : authorsRows(path).rows,
    );
    expect(keyed.every((row) => row[rows.key] !== undefined)).toBe(true);
    for (const field of [rows.field, rows.spikes]) {
      if (field !== undefined && check.authors !== undefined) {
        expect(authorsRows(check.authors).rows.some((row) => row[field] !== undefined)).toBe(true);
      }
    }
    if (rows.field === 'phase') {
      const named = keyed.flatMap((row) => (row.phase === undefined ? [] : String(row.phase).split('|')));
      expect(named.every((phase) => (PHASES as readonly string[]).includes(phase))).toBe(true);
    }
  });
});
