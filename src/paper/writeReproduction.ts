import { existsSync } from 'node:fs';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import { type CsvRow, csvText, readTable } from '../experiment/results/csvFiles.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import { REPRODUCTION_COLUMNS, type ReproducedNumber } from './reproducedNumbers.ts';

/** Writes reproduction.csv of a results folder: the rows of `experiment` anew, those of others that share the folder kept. Returns its path. */
export function writeReproduction(
  dir: string,
  experiment: string,
  numbers: readonly ReproducedNumber[],
): string {
  const path = resultsLayout(dir).reproduction;
  const others = existsSync(path) ? readTable(path).filter((row) => row.experiment !== experiment) : [];
  const rows = [...others, ...(numbers as readonly (ReproducedNumber & CsvRow)[])];
  writeFileAtomic(path, csvText(rows, REPRODUCTION_COLUMNS));
  return path;
}
