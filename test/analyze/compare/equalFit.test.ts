import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PREDICTORS, TARGETS } from '../../../src/analyze/compare/compareMetrics.ts';
import { atTrainAccuracy, unequalFit } from '../../../src/analyze/compare/equalFit.ts';
import type { JoinedRow } from '../../../src/experiment/results/joinRows.ts';

const NOT_COMPARED = Object.fromEntries([...TARGETS, ...PREDICTORS].map((name) => [name, null]));
const row = (run: string, epoch: number, train: number | null, test: number, layer = 'fc1') =>
  ({
    ...NOT_COMPARED,
    ...{ run, layer, epoch, train_accuracy: train, evaluated_train_accuracy: null, test_accuracy: test },
    ...{ train_loss: null, test_loss: null },
  }) as JoinedRow;

describe('atTrainAccuracy', () => {
  it('goes by the accuracy after the epoch, as the gap does, and by the mean while training where that alone is known', () => {
    const evaluated = (epoch: number, train: number, after: number) => ({
      ...row('run', epoch, train, 0.5),
      evaluated_train_accuracy: after,
    });
    const rows = [evaluated(1, 0.6, 0.8), evaluated(2, 0.8, 0.79), evaluated(3, 0.9, 0.95)];
    expect(atTrainAccuracy(rows, 0.8).rows.map(({ epoch }) => epoch)).toEqual([1]);
    const [later] = atTrainAccuracy(rows, 0.83).rows;
    expect(later!.epoch).toBeCloseTo(2.25, 12);
    expect(later!.evaluated_train_accuracy).toBeCloseTo(0.83, 12);
    expect(later!.train_accuracy).toBeCloseTo(0.825, 12);
    expect(atTrainAccuracy([...rows.slice(0, 2), row('run', 3, 0.9, 0.5)], 0.85).rows).toHaveLength(1);
    const other = { ...row('other', 1, 0.99, 0.6), evaluated_train_accuracy: 0.82 };
    expect(unequalFit([rows[0]!, other])).toBeNull();
  });

  it('takes every layer of each run where it first passes the bound, and names the runs that never do', () => {
    const rows = [
      row('slow', 0, null, 0.1),
      row('slow', 1, 0.5, 0.5),
      row('slow', 2, 0.8, 0.6),
      row('fast', 0, null, 0.1),
      ...['fc1', 'fc2'].map((layer) => row('fast', 1, 0.9, 0.7, layer)),
      ...['fc1', 'fc2'].map((layer) => row('fast', 2, 0.89, 0.7, layer)),
    ];
    const { rows: taken, leftOut } = atTrainAccuracy(rows, 0.9);
    expect(taken.map(({ run, layer, epoch }) => [run, layer, epoch])).toEqual([
      ['fast', 'fc1', 1],
      ['fast', 'fc2', 1],
    ]);
    expect(leftOut).toEqual(['slow']);
    expect(atTrainAccuracy(rows, 0.65).rows.map(({ run }) => run)).toEqual(['slow', 'fast', 'fast']);
  });

  it('reads what is compared in proportion between the two epochs, and leaves the rest as it is after the later', () => {
    const before = { ...row('run', 4, 0.9, 0.7), alpha: 5, gap: 0.2, entropy: null, phase: 'bleeding-out' };
    const after = { ...row('run', 6, 0.94, 0.72), alpha: 3, gap: 0.22, entropy: 0.9, phase: 'bulk+spikes' };
    const [taken] = atTrainAccuracy([before, after] as JoinedRow[], 0.93).rows;
    expect(taken!.epoch).toBeCloseTo(5.5, 12);
    expect(taken!.alpha).toBeCloseTo(3.5, 12);
    expect(taken!.gap).toBeCloseTo(0.215, 12);
    expect(taken!.test_accuracy).toBeCloseTo(0.715, 12);
    expect(taken!.entropy).toBe(0.9);
    expect(taken!.phase).toBe('bulk+spikes');
  });

  it('takes every run at the bound itself, no later than the first epoch that reaches it', () => {
    const accuracy = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(accuracy, { minLength: 1 }), accuracy, (curve, bound) => {
        const { rows, leftOut } = atTrainAccuracy(
          curve.map((train, i) => row('run', i + 1, train, 0.5)),
          bound,
        );
        const first = curve.findIndex((train) => train >= bound);
        expect(leftOut).toEqual(first < 0 ? ['run'] : []);
        if (first < 0) return;
        expect(rows).toHaveLength(1);
        const { epoch, train_accuracy } = rows[0]!;
        if (first === 0) expect(rows[0]).toEqual(row('run', 1, curve[0]!, 0.5));
        else expect(train_accuracy).toBeCloseTo(bound, 12);
        expect(epoch).toBeGreaterThanOrEqual(Math.max(first, 1));
        expect(epoch).toBeLessThanOrEqual(first + 1);
      }),
    );
  });
});

describe('unequalFit', () => {
  it('warns where the runs differ more in what they fit than in what they generalize to', () => {
    expect(unequalFit([row('a', 1, 0.936, 0.72), row('b', 1, 0.99, 0.76)])).toBe(
      'training accuracy differs more between the runs (0.936 to 0.990) than test accuracy (0.720 to 0.760): ' +
        'their gaps say most of all how far each has fitted; --train-accuracy 0.93 compares them at equal fit',
    );
    expect(unequalFit([row('a', 1, 0.97, 0.72), row('b', 1, 0.99, 0.76)])).toBeNull();
    expect(unequalFit([row('a', 0, null, 0.1)])).toBeNull();
  });
});
