import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joinRows, lastEpochRows } from '../../../src/experiment/results/joinRows.ts';
import { readResults } from '../../../src/experiment/results/readResults.ts';
import { differingSettings, settingText } from '../../../src/experiment/results/runSettings.ts';
import { writeSyntheticResults } from './syntheticResults.ts';

let root: string;
let dir: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'results-'));
  dir = writeSyntheticResults(join(root, 'synthetic'), { epochs: 2, seeds: 1 });
});
afterAll(() => rmSync(root, { recursive: true }));

describe('readResults', () => {
  it('returns runs in natural order with config, status and metrics', () => {
    const { experiment, runs, spectra } = readResults(dir);
    expect(experiment).toMatchObject({ name: 'synthetic', description: 'matrices of known class' });
    expect(runs.map((run) => run.id)).toEqual([
      'b=2_seed=0',
      'b=8_seed=0',
      'b=32_seed=0',
      'b=128_seed=0',
      'b=500_seed=0',
      'overRegularized_seed=0',
    ]);
    expect(runs[1]).toMatchObject({ config: { batchSize: 8 }, status: { state: 'done' }, snapshots: [] });
    expect(runs[1]!.metrics.map((row) => row.epoch)).toEqual([0, 1, 2]);
    expect(spectra).toHaveLength(6 * 3 * 2);
  });

  it('returns the eigenvalues that the rows speak of', () => {
    const { spectra, esd } = readResults(dir);
    for (const row of spectra) {
      const evals = esd(row.run, row.epoch, row.layer)!;
      expect(evals).toHaveLength(row.num_evals);
      expect(evals.at(-1)).toBe(row.lambda_max);
    }
    expect(esd('b=2_seed=0', 99, 'fc1')).toBeNull();
    expect(esd('no such run', 0, 'fc1')).toBeNull();
  });

  it('knows runs that only spectra.csv names, and reads spectra alone', () => {
    const only = join(root, 'only');
    mkdirSync(only);
    cpSync(join(dir, 'spectra.csv'), join(only, 'spectra.csv'));
    const { experiment, runs } = readResults(only);
    expect(experiment).toEqual({ name: 'only', description: null, yaml: null });
    expect(runs).toHaveLength(6);
    expect(runs[0]).toMatchObject({ config: null, status: null, metrics: [] });
  });

  it('refuses a folder that is missing, empty, or has a torn file', () => {
    expect(() => readResults(join(root, 'none'))).toThrow('results folder must exist');
    const empty = join(root, 'empty');
    mkdirSync(empty);
    expect(() => readResults(empty)).toThrow('results folder must hold runs/ or spectra.csv');
    const torn = join(root, 'torn');
    cpSync(dir, torn, { recursive: true });
    writeFileSync(join(torn, 'runs', 'b=2_seed=0', 'config.json'), '{"batchSize": ');
    expect(() => readResults(torn)).toThrow(/b=2_seed=0\/config.json must be JSON/);
  });
});

describe('joinRows', () => {
  it('puts settings, metrics and gaps beside each spectrum', () => {
    const { spectra, runs } = readResults(dir);
    const rows = joinRows(spectra, runs);
    const last = lastEpochRows(rows);
    expect(last.every((row) => row.epoch === 2)).toBe(true);
    expect(last).toHaveLength(12);
    const row = last.find(({ run, layer }) => run === 'b=32_seed=0' && layer === 'fc2')!;
    expect(row).toMatchObject({ batch_size: 32, learning_rate: 0.01, seed: 0 });
    expect(row.gap).toBe(row.train_accuracy! - row.test_accuracy!);
    expect(row.test_error).toBe(1 - row.test_accuracy!);
    expect(rows[0]).toMatchObject({ epoch: 0, train_accuracy: null, gap: null, loss_gap: null });
  });

  it('tells runs apart by what differs besides batch size and seed', () => {
    const { spectra, runs } = readResults(dir);
    const settings = new Map(joinRows(spectra, runs).map((row) => [row.run, row.setting]));
    expect(settings.get('b=2_seed=0')).toBe(settings.get('b=500_seed=0'));
    expect(settings.get('overRegularized_seed=0')).toContain('l2.coefficient=0.01');
  });
});

describe('differingSettings', () => {
  it('lists dotted keys with several values, without seeds and the given ones', () => {
    const settings = differingSettings(
      [
        { id: 'a', config: { seed: 1, batchSize: 2, optimizer: { type: 'sgd' }, l2: null, epochs: 3 } },
        {
          id: 'b',
          config: { seed: 2, batchSize: 4, optimizer: { type: 'adam' }, l2: { coefficient: 1 }, epochs: 3 },
        },
      ],
      ['batchSize'],
    );
    expect(settingText(settings.get('a')!)).toBe('optimizer.type=sgd, l2.coefficient=none');
    expect(settingText(settings.get('b')!)).toBe('optimizer.type=adam, l2.coefficient=1');
  });
});
