import { describe, expect, it } from 'vitest';
import type { JoinedRow } from '../../../src/experiment/results/joinRows.ts';
import { meanOverSeeds, seedGroups, spread } from '../../../src/experiment/results/overSeeds.ts';

const run = (id: string, batchSize: number, seed: number, learningRate = 0.1) => ({
  id,
  config: { batchSize, seed, learningRate, snapshots: { every: seed } },
});

describe('seedGroups', () => {
  it('takes runs that differ by seed alone for one group, whatever their ids say', () => {
    const runs = [run('b=2_seed=0', 2, 0), run('b=2_seed=1', 2, 1), run('seed=0_b=4', 4, 0), run('x', 4, 1)];
    expect([...seedGroups(runs).values()]).toEqual(['b=2', 'b=2', 'b=4', 'b=4']);
    expect([...seedGroups([run('seed=0', 2, 0), run('seed=1', 2, 1)]).values()]).toEqual([
      'all seeds',
      'all seeds',
    ]);
  });

  it('keeps other settings apart, and runs of which nothing is known', () => {
    const runs = [run('seed=0', 2, 0), run('seed=1', 2, 1, 0.2)];
    expect(new Set(seedGroups(runs).values()).size).toBe(2);
    const unknown = [
      { id: 'b=2_seed=0', config: null },
      { id: 'b=2_seed=1', config: null },
    ];
    expect([...seedGroups(unknown).values()]).toEqual(['b=2_seed=0', 'b=2_seed=1']);
  });

  it('keeps the folder of a run in its name', () => {
    const runs = [run('a/seed=0', 2, 0), run('a/b=4_seed=0', 4, 0)];
    expect([...seedGroups(runs).values()]).toEqual(['all seeds', 'a/b=4']);
  });
});

describe('spread', () => {
  it('is the mean and the standard deviation of a sample', () => {
    expect(spread([2, 4, null, 4, 4, 5, 5, 7, 9])).toEqual({ mean: 5, sd: Math.sqrt(32 / 7), count: 8 });
    expect(spread([3, null])).toEqual({ mean: 3, sd: null, count: 1 });
    expect(spread([null])).toBeNull();
  });
});

describe('meanOverSeeds', () => {
  const row = (id: string, layer: string, seed: number, alpha: number | null, phase: string): JoinedRow =>
    ({ run: id, layer, epoch: 3, N: 20, M: 10, seed, batch_size: 2, alpha, phase }) as unknown as JoinedRow;
  const groups = new Map([
    ['b=2_seed=0', 'b=2'],
    ['b=2_seed=1', 'b=2'],
  ]);

  it('averages numbers, keeps what all agree on, and says how far they lie apart', () => {
    const rows = [
      row('b=2_seed=0', 'fc1', 0, 2, 'bulk-decay'),
      row('b=2_seed=1', 'fc1', 1, 4, 'bulk-decay'),
      row('b=2_seed=0', 'fc2', 0, 3, 'bulk-decay'),
      row('b=2_seed=1', 'fc2', 1, null, 'random-like'),
    ];
    const [fc1, fc2] = meanOverSeeds(rows, groups);
    expect(fc1).toMatchObject({ run: 'b=2', layer: 'fc1', epoch: 3, N: 20, seed: null, seeds: 2 });
    expect(fc1).toMatchObject({ alpha: 3, alpha_sd: Math.SQRT2, phase: 'bulk-decay' });
    expect(fc2).toMatchObject({ alpha: 3, alpha_sd: null, phase: null, seeds: 2 });
  });
});
