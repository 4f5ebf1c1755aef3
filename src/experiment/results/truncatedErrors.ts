import { existsSync } from 'node:fs';
import { writeFileAtomic } from '../../base/files/atomicWrite.ts';
import { makeFolder } from '../../base/files/makeFolder.ts';
import { namesOf, OPTION_COLUMNS, type RowOf } from '../../spectra/columns.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import { csvText, readTable } from './csvFiles.ts';
import { readOrElse } from './damage.ts';
import type { ResultsLayout } from './layout.ts';

/** Errors of a network with one layer cut to its tail, and with all: a row of truncated/<run>.csv. */
export type TruncatedRow = RowOf<(typeof OPTION_COLUMNS)['truncated']> & {
  epoch: number;
  layer: string;
  /** SHA-256 of the parameters that were cut, and how the power law was fitted. */
  source: string;
};

const ERRORS = namesOf(OPTION_COLUMNS.truncated);

/** Writes the rows of a run, atomically. */
export function writeTruncated(layout: ResultsLayout, run: string, rows: readonly TruncatedRow[]): void {
  makeFolder(layout.truncatedFolder);
  writeFileAtomic(layout.truncated(run), csvText(rows, ['epoch', 'layer', 'source', ...ERRORS]));
}

/** Returns the rows of a run; none where there is no file, or none that can be read: they are then measured again. */
export function readTruncated(layout: ResultsLayout, run: string): TruncatedRow[] {
  const path = layout.truncated(run);
  const read = (): TruncatedRow[] => (existsSync(path) ? (readTable(path) as TruncatedRow[]) : []);
  return readOrElse(path, read, [], () => {});
}

/** Returns rows of spectra.csv of a run with the errors that were measured for their epoch and layer. */
export function withTruncated(
  layout: ResultsLayout,
  run: string,
  rows: readonly SpectrumRow[],
): readonly SpectrumRow[] {
  const known = new Map(readTruncated(layout, run).map((row) => [placeOf(row), row] as const));
  if (known.size === 0) return rows;
  return rows.map((row) => {
    const errors = known.get(placeOf(row));
    if (errors === undefined) return row;
    return { ...row, ...Object.fromEntries(ERRORS.map((name) => [name, errors[name] ?? null])) };
  });
}

const placeOf = ({ epoch, layer }: { epoch: number | null; layer: string }): string => `${epoch}/${layer}`;
