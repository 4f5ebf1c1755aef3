import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readResults } from '../../src/experiment/results/readResults.ts';
import { writeLongTable } from '../../src/view/writeLongTable.ts';
import { writeSyntheticResults } from '../experiment/results/syntheticResults.ts';

const folder = mkdtempSync(join(tmpdir(), 'phasewatch-parquet-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const dirs = ['one', 'other'].map((name) => join(folder, name));
let rows: Record<string, unknown>[];
const path = join(folder, 'all.parquet');

beforeAll(async () => {
  for (const dir of dirs) writeSyntheticResults(dir, { epochs: 2, seeds: 1 });
  writeLongTable(
    path,
    dirs.map((dir) => readResults(dir)),
  );
  const bytes = readFileSync(path);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  rows = (await parquetReadObjects({ file })) as Record<string, unknown>[];
});

it('holds every spectrum of every folder, each number to its last bit', () => {
  const spectra = dirs.flatMap((dir) => readResults(dir).spectra);
  expect(rows).toHaveLength(spectra.length);
  for (const [i, row] of spectra.entries()) {
    for (const name of ['run', 'epoch', 'layer', 'N', 'lambda_max', 'alpha', 'phase', 'phase_ambiguous']) {
      expect(rows[i]![name] ?? null).toBe(row[name as keyof typeof row] ?? null);
    }
  }
});

it('has the settings of the run and the metrics of the epoch beside them', () => {
  const [results] = dirs.map((dir) => readResults(dir));
  const { config, metrics, id } = results!.runs[0]!;
  const row = rows.find(({ run, epoch }) => run === id && epoch === 2)!;
  expect(row['config.batchSize']).toBe(config!.batchSize);
  expect(row['config.seed']).toBe(config!.seed);
  expect(row.test_accuracy).toBe(metrics.at(-1)!.test_accuracy);
  expect(row.experiment).toBe(results!.experiment.name);
});

it('has no column without a value', () => {
  for (const name of Object.keys(rows[0]!)) {
    expect(rows.some((row) => row[name] !== null && row[name] !== undefined)).toBe(true);
  }
});
