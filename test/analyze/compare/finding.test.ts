import { describe, expect, it } from 'vitest';
import { type ComparisonRow, compareMetrics } from '../../../src/analyze/compare/compareMetrics.ts';
import { finding } from '../../../src/analyze/compare/finding.ts';
import { strangers } from '../../../src/analyze/compare/strangers.ts';
import type { JoinedRow } from '../../../src/experiment/results/joinRows.ts';

const rows = (alphas: readonly number[], gaps: readonly number[]): JoinedRow[] =>
  alphas.map(
    (alpha, i) =>
      ({
        run: `r${i}`,
        layer: 'fc1',
        epoch: 3,
        alpha,
        gap: gaps[i],
        loss_gap: null,
        test_error: null,
      }) as unknown as JoinedRow,
  );
const compared = (list: readonly JoinedRow[]): ComparisonRow[] =>
  compareMetrics(list, () => 'all', { seed: 1, resamples: 400, level: 0.95 });

describe('what a comparison found', () => {
  it('is a direction where the interval has one sign', () => {
    const text = finding(compared(rows([2, 3, 4, 5, 6, 7, 8, 9], [8, 7.5, 6, 6.5, 4, 3, 2.5, 2])));
    expect(text).toMatch(
      /^Found \(8 runs, fc1\): the generalization gap \(accuracy\) falls with alpha \(Spearman -0\.98/,
    );
    expect(text).toMatch(/How sure: the runs of a sweep are no random sample/);
  });

  it('is no direction where the interval has both, and few runs are named', () => {
    const text = finding(compared(rows([2, 3, 4, 5, 6], [3, 5, 1, 4, 2])), { unequalFit: true });
    expect(text).toMatch(/neither rises nor falls with alpha as far as can be told/);
    expect(text).toMatch(/5 runs are few; .*their gaps say most of all how far each has fitted/);
  });

  it('says that nothing can be said', () => {
    expect(finding(compared(rows([2, 3], [1, 2])))).toMatch(/nothing can be said of the .* from 2 runs/);
  });
});

describe('runs that do not belong together', () => {
  const run = (id: string, config: Record<string, unknown> | null, state = 'done') => ({
    id,
    config,
    status: { state },
  });
  const at = (id: string, epoch: number): JoinedRow => ({ run: id, epoch }) as unknown as JoinedRow;

  it('are of other tasks, lengths and states', () => {
    const runs = [
      run('a', { network: 'mlp3', dataset: 'mnist', batchSize: 2 }),
      run('b', { network: 'lenet5', dataset: 'mnist', batchSize: 4 }, 'running'),
      run('c', { network: 'lenet5', dataset: 'mnist', batchSize: 8 }),
    ];
    expect(strangers(runs, [at('a', 3), at('b', 5), at('c', 5)], 'batchSize')).toEqual([
      'runs of different network are compared: mlp3 (1), lenet5 (2)',
      'runs are compared at different epochs, from 3 to 5: gap and spectra change as training goes on',
      'not finished: b (running)',
    ]);
    expect(strangers(runs.slice(2), [at('c', 5)], 'batchSize')).toEqual([]);
    expect(strangers([runs[0]!, runs[2]!], [at('a', 5), at('c', 5)], 'network')).toEqual([]);
  });
});
