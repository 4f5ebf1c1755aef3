import { describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../src/experiment/status/runEvents.ts';
import type { SpectrumRow } from '../../../src/spectra/spectrumRow.ts';
import { resultTable } from '../../../src/view/terminal/resultTable.ts';

const run = (id: string, change: Partial<RunSummary> = {}): RunSummary => ({
  run: id,
  state: 'done',
  epoch: 2,
  epochs: 2,
  train_accuracy: 0.99,
  test_accuracy: 0.9,
  generalization_gap: 0.09,
  images_per_second: 1000,
  stopped_early: false,
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

  it('says so when the last spectrum is not of the last epoch', () => {
    expect(resultTable([run('a')], [layer('a', 1)], 200)).toMatch(/bulk\+spikes at epoch 1$/);
  });

  it('has no columns of spectra when there are none', () => {
    expect(resultTable([run('a')], [], 200).split('\n')[0]).toBe('run  state  epoch   train    test     gap');
  });
});
