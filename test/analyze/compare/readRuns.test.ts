import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRuns } from '../../../src/analyze/compare/readRuns.ts';
import { writeSyntheticResults } from '../../experiment/results/syntheticResults.ts';

let root: string;
let dir: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'compare-'));
  dir = writeSyntheticResults(join(root, 'one'), { epochs: 2, seeds: 1 });
});
afterAll(() => rmSync(root, { recursive: true }));

describe('readRuns', () => {
  it('gives the last epoch of each run and layer, grouped by what differs besides the varied key', () => {
    const { rows, groupOf } = readRuns([dir], 'batchSize');
    expect(rows).toHaveLength(12);
    expect(rows.every((row) => row.epoch === 2)).toBe(true);
    const groups = new Map(rows.map((row) => [row.run, groupOf(row)]));
    expect(groups.get('b=2_seed=0')).toBe('l2.coefficient=none, l2.layers=none');
    expect(new Set(groups.values()).size).toBe(2);
    const byL2 = readRuns([dir], 'l2.coefficient');
    expect(new Set(byL2.rows.map(byL2.groupOf)).size).toBeGreaterThan(2);
  });

  it('takes runs of several folders together and tells them apart', () => {
    const other = join(root, 'other');
    cpSync(dir, other, { recursive: true });
    const { rows } = readRuns([dir, other], 'batchSize');
    expect(rows).toHaveLength(24);
    expect(new Set(rows.map((row) => row.run)).size).toBe(12);
  });

  it('takes runs where they first reach a training accuracy, and refuses one that none reaches', () => {
    const reached = readRuns([dir], 'batchSize', 0.01);
    expect(reached.leftOut).toEqual([]);
    expect(reached.rows).toHaveLength(12);
    expect(reached.rows.every((row) => row.epoch === 1)).toBe(true);
    expect(() => readRuns([dir], 'batchSize', 1)).toThrow(
      /^--train-accuracy must be reached by some run, got 1 where the highest is 0\.\d+$/,
    );
  });

  it('refuses a folder given twice, an unknown key and a folder without spectra', () => {
    expect(() => readRuns([dir, dir], 'batchSize')).toThrow('results folders must differ');
    expect(() => readRuns([dir], 'batchsize')).toThrow(
      'unknown config key: batchsize (known: network, dataset,',
    );
    const bare = join(root, 'bare');
    cpSync(dir, bare, { recursive: true });
    const spectra = join(bare, 'spectra.csv');
    writeFileSync(spectra, 'run,epoch,layer,N,M,lambda_max\n');
    expect(() => readRuns([bare], 'batchSize')).toThrow('results folders must hold analyzed runs');
  });
});
