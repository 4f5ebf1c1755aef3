import { COLUMN_OF } from '../spectra/columns.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';

type Values = Float32Array | Float64Array;

/** Weights whose largest magnitude is within 2^-200 .. 2^200 have eigenvalues far inside the range of float64: all of float32 do. */
const MAX_EXPONENT = 200;
const SMALLEST_NORMAL = 2 ** -1022;

/** Columns of a row that are proportional to a power of W, by that power. */
const POWERS: Readonly<Record<string, 1 | 2>> = Object.fromEntries(
  [...COLUMN_OF.values()]
    .filter(([, , , unit]) => unit === 'w' || unit === 'w²')
    .map(([name, , , unit]) => [name, unit === 'w' ? 1 : 2]),
);

/**
 * Returns the matrices times 2^-exponent, which is exact, where their eigenvalues or what is made of them could leave the range of
 * float64; otherwise as they are, with exponent 0. Values must be finite.
 */
export function scaledWeights(matrices: readonly Values[]): {
  matrices: readonly Values[];
  exponent: number;
} {
  const exponent = exponentOfLargest(matrices);
  if (Math.abs(exponent) <= MAX_EXPONENT) return { matrices, exponent: 0 };
  // In two steps: 2^1074, which lifts the smallest of doubles, is none itself.
  const half = 2 ** -Math.trunc(exponent / 2);
  const rest = 2 ** -(exponent - Math.trunc(exponent / 2));
  return { matrices: matrices.map((W) => W.map((value) => value * half * rest) as Values), exponent };
}

/**
 * Returns the row and the eigenvalues of W, given those of W * 2^-exponent. Logarithms are always those of W. Where the eigenvalues of W
 * leave the range of float64, everything else stays that of the scaled weights, `scale_exponent` is the exponent and `notes` says so.
 */
export function unscaledRow(
  row: SpectrumRow,
  eigenvalues: Float64Array,
  exponent: number,
): { row: SpectrumRow; eigenvalues: Float64Array } {
  if (exponent === 0) return { row, eigenvalues };
  const decades = 2 * exponent * Math.log10(2);
  const shifted = (value: number | null, power = 1): number | null =>
    value === null ? null : value + power * decades;
  const logarithms = {
    log_norm: shifted(row.log_norm),
    log_spectral_norm: shifted(row.log_spectral_norm),
    alpha_weighted: shifted(row.alpha_weighted, row.alpha ?? 0),
    log_alpha_norm: shifted(row.log_alpha_norm, row.alpha ?? 0),
  };
  const columns = Object.entries(row).map(([key, value]) => {
    const power = POWERS[key];
    return [key, power !== undefined && typeof value === 'number' ? times(value, power, exponent) : value];
  });
  const unscaled = eigenvalues.map((value) => times(value, 2, exponent));
  const fits = ([key, value]: (typeof columns)[number]): boolean =>
    row[key as string] === 0 || POWERS[key as string] === undefined || value === null || isNormal(value);
  if (columns.every(fits) && unscaled.every((value, i) => eigenvalues[i] === 0 || isNormal(value))) {
    return { row: { ...(Object.fromEntries(columns) as SpectrumRow), ...logarithms }, eigenvalues: unscaled };
  }
  const note = `eigenvalues: those of W leave the range of float64, given are those of W * 2^${-exponent}`;
  const notes = row.notes === null ? note : `${row.notes}; ${note}`;
  return { row: { ...row, ...logarithms, notes, scale_exponent: exponent }, eigenvalues };
}

function times(value: number, power: 1 | 2, exponent: number): number {
  const half = 2 ** Math.trunc(exponent / 2);
  const rest = 2 ** (exponent - Math.trunc(exponent / 2));
  return power === 1 ? value * half * rest : value * half * rest * half * rest;
}

const isNormal = (value: unknown): boolean =>
  Number.isFinite(value) && Math.abs(value as number) >= SMALLEST_NORMAL;

function exponentOfLargest(matrices: readonly Values[]): number {
  let largest = 0;
  for (const W of matrices) {
    if (W instanceof Float32Array) return 0;
    for (const value of W) {
      const magnitude = Math.abs(value);
      if (magnitude > largest) largest = magnitude;
    }
  }
  return largest === 0 ? 0 : Math.floor(Math.log2(largest));
}
