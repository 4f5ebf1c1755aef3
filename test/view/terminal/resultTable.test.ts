import { describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../src/experiment/status/runEvents.ts';
import type { SpectrumRow } from '../../../src/spectra/spectrumRow.ts';
import { resultTable } from '../../../src/view/terminal/resultTable.ts';
import { seedTable } from '../../../src/view/terminal/seedTable.ts';

const run = (id: string, change: Partial<RunSummary> = {}): RunSummary => ({
  run: id,
  state: 'done',
  epoch: 2,
  epochs: 2,
  train_accuracy: 0.99,
  evaluated_train_accuracy: null,
  test_accuracy: 0.9,
  generalization_gap: 0.09,
  images_per_second: 1000,
  stopped_early: false,
  warning: null,
  error: null,
  trained: true,
  ...change,
});
const layer = (id: string, epoch: number, change: Partial<SpectrumRow> = {}): SpectrumRow =>
  ({
    run: id,
    epoch,
    layer: 'fc1',
    alpha: 3.456,
    stable_rank: 224.34,
    mp_softrank: 0.5,
    num_spikes: 9,
    phase: 'bulk+spikes',
    phase_ambiguous: false,
    phase_runner_up: 'bleeding-out',
    ...change,
  }) as SpectrumRow;

describe('the table of results', () => {
  it('shows every layer at its last epoch', () => {
    const rows = [
      layer('a', 0),
      layer('a', 2),
      layer('a', 2, { layer: 'fc2', alpha: null, phase: 'heavy-tailed', phase_ambiguous: true }),
    ];
    expect(resultTable([run('a'), run('b', { state: 'failed', epoch: 1 })], rows, 200).split('\n')).toEqual([
      'run  state   epoch   train    test     gap  layer  alpha  stable rank  soft rank  spikes  phase',
      'a    done      2/2  0.9900  0.9000  0.0900  fc1     3.46        224.3      0.500       9  bulk+spikes',
      'a    done      2/2  0.9900  0.9000  0.0900  fc2        -        224.3      0.500       9  heavy-tailed (or bleeding-out)',
      'b    failed    1/2  0.9900  0.9000  0.0900  -          -            -          -       -  -',
    ]);
  });

  it('shows the training accuracy that the gap is taken from', () => {
    const evaluated = { evaluated_train_accuracy: 0.978, test_accuracy: 0.936, generalization_gap: 0.042 };
    const runs = ['a', 'b'].map((id) => run(id, evaluated));
    expect(resultTable(runs, [], 200)).toMatch(/0\.9780 +0\.9360 +0\.0420/);
    const groups = new Map(runs.map(({ run: id }) => [id, 'ab']));
    expect(seedTable(runs, [], groups, 200)).toMatch(/0\.9780±0\.0000 +0\.9360±0\.0000 +0\.0420±0\.0000/);
  });

  it('says so when the last spectrum is not of the last epoch', () => {
    expect(resultTable([run('a')], [layer('a', 1)], 200)).toMatch(/bulk\+spikes at epoch 1$/);
  });

  it('has no columns of spectra when there are none', () => {
    expect(resultTable([run('a')], [], 200).split('\n')[0]).toBe('run  state  epoch   train    test     gap');
  });

  it('fits 80 columns by shortening: state and accuracies stay', () => {
    const id = 'b=16_network=miniAlexNetBatchNorm_seed=1';
    const rows = [layer(id, 2, { phase: 'heavy-tailed', phase_ambiguous: true })];
    const table = resultTable([run(id, { state: 'interrupted' })], rows, 80).split('\n');
    for (const line of table) expect(line.length).toBeLessThanOrEqual(80);
    expect(table[0]).toMatch(/^run +state +epoch +train +test +layer +alpha +phase$/);
    expect(table[1]).toMatch(
      /^b=16_.*…_?.*seed=1 +halted +2\/2 +0\.990 +0\.900 +fc1 +3\.46 +heavy-tailed\?$/,
    );
  });
});

describe('the table of settings', () => {
  const groups = new Map(['a', 'b', 'c'].map((id) => [id, id === 'c' ? 'c' : 'ab']));

  it('has means over seeds with their spread, and how many have each phase', () => {
    const rows = [
      layer('a', 2, { alpha: 3 }),
      layer('b', 2, { alpha: 4, phase: 'bulk-decay' }),
      layer('c', 2),
    ];
    const runs = [run('a', { test_accuracy: 0.9 }), run('b', { test_accuracy: 0.92 }), run('c')];
    expect(seedTable(runs, rows, groups, 200)!.split('\n')).toEqual([
      'setting  seeds          train           test            gap  layer      alpha  stable rank    soft rank   spikes  phases',
      'ab           2  0.9900±0.0000  0.9100±0.0141  0.0900±0.0000  fc1    3.50±0.71    224.3±0.0  0.500±0.000  9.0±0.0  1 bulk+spikes, 1 bulk-decay',
    ]);
  });

  it('is none where no setting has two finished runs', () => {
    expect(seedTable([run('a'), run('b', { state: 'failed' }), run('c')], [], groups, 200)).toBeNull();
  });
});
