import type { LinearAlgebra } from '../../spectra/linalg/linearAlgebra.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import type { Figure } from '../../view/figures/figure.ts';
import type { CalculatedNumber } from '../reproducedNumbers.ts';

/** A matrix of a calculation: its row of spectra.csv (without run and epoch) and its eigenvalues, ascending. */
export interface CalculatedSpectrum {
  row: SpectrumRow;
  eigenvalues: Float64Array;
}

/** What an experiment that trains nothing computes. */
export interface Calculated {
  spectra: readonly CalculatedSpectrum[];
  numbers: Readonly<Record<string, CalculatedNumber>>;
  /** Beside the figures that every results folder has. */
  figures: readonly Figure[];
}

export interface CalculationOptions {
  algebra: LinearAlgebra;
  /** Files and folders of weights that the user has. */
  weights: readonly string[];
  /** Tells how far it is; also gives Ctrl-C its turn. Rejects when interrupted. */
  progress(text: string): Promise<void>;
}

/** The mean and the number of values. */
export function meanOf(values: readonly number[]): CalculatedNumber {
  return { value: values.reduce((sum, value) => sum + value, 0) / values.length, draws: values.length };
}

/** The median and the number of values: for draws of which one in a few is far off. */
export function medianOf(values: readonly number[]): CalculatedNumber {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const value = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { value, draws: values.length };
}
