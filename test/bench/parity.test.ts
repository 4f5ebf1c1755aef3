import { expect, it } from 'vitest';
import { compareDetails, PARITY_TOLERANCES, withinTolerance } from '../../bench/parity.ts';
import type { SpectrumRow } from '../../src/spectra/spectrumRow.ts';

const same = Object.fromEntries(Object.keys(PARITY_TOLERANCES).map((column, i) => [column, i + 1]));
const row = (changes: object = {}) => ({
  layer: 'fc1',
  row: { ...same, ...changes } as unknown as SpectrumRow,
});
const of = (column: string, changes: object, theirs: Record<string, number | null> = same) =>
  compareDetails([row(), row(changes)], [same, theirs]).find((difference) => difference.column === column)!;

it('finds no difference between equal details', () => {
  expect(compareDetails([row()], [same]).every(withinTolerance)).toBe(true);
});

it('gives the largest relative difference of a column and where it is', () => {
  const alpha = same.alpha!;
  const found = of('alpha', { alpha: alpha * (1 + 1e-6) });
  expect(found.difference).toBeCloseTo(1e-6, 12);
  expect(withinTolerance(found)).toBe(false);
  expect(withinTolerance(of('alpha', { alpha: alpha * (1 + 1e-10) }))).toBe(true);
});

it('holds counts to equality and zeros to absolute differences', () => {
  expect(withinTolerance(of('num_pl_spikes', { num_pl_spikes: same.num_pl_spikes! + 1 }))).toBe(false);
  expect(of('rank_loss', { rank_loss: 2 }, { ...same, rank_loss: 0 }).difference).toBe(2);
});

it('does not pass over a value that one side lacks', () => {
  const found = of('alpha', { alpha: null });
  expect(found.difference).toBeNull();
  expect(withinTolerance(found)).toBe(false);
  expect(withinTolerance(of('alpha', { alpha: null }, { ...same, alpha: null }))).toBe(true);
});

it('never fails a column that differs by design', () => {
  expect(withinTolerance(of('sigma_mp', { sigma_mp: 5 }, { ...same, sigma_mp: 1 }))).toBe(true);
});

it('refuses details of other layers', () => {
  expect(() => compareDetails([row()], [])).toThrow(/must give 1 layers, got 0/);
});
