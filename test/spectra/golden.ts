import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';

const folder = new URL('../fixtures/golden/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');

/** Spectra of the golden matrices by name, ascending. */
export const goldenEigenvalues: Record<string, Float64Array> = Object.fromEntries(
  ['eigenvalues-192x384.json', 'eigenvalues-conv.json'].flatMap((file) =>
    Object.entries(JSON.parse(read(file)) as Record<string, number[]>).map(
      ([name, values]) => [name, Float64Array.from(values)] as const,
    ),
  ),
);

/** Rows of WeightWatcher's (and powerlaw's) golden values: columns by name, empty ones left out. */
export const goldenRows: Record<string, string>[] = parse(read('weightwatcher-0.7.7.csv'), {
  columns: true,
});

/** Returns the rows of one stage whose spectrum is at hand. */
export const goldenStage = (stage: string): Record<string, string>[] =>
  goldenRows.filter((row) => row.stage === stage && goldenEigenvalues[row.name!] !== undefined);
