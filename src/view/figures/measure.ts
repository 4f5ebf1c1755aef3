import { type JoinedRow, joinedLabel } from '../../experiment/results/joinRows.ts';

/** A numeric column of a joined row and what it is called on an axis. */
export interface Measure {
  column: keyof JoinedRow & string;
  label: string;
}

/** Returns the measure of a column, called on axes what it is called everywhere. */
export function measure(column: keyof JoinedRow & string): Measure {
  return { column, label: joinedLabel(column) };
}

/** Returns a measure's number in a row, null where it has none. */
export function measureOf(row: JoinedRow, { column }: Measure): number | null {
  const value = row[column] ?? null;
  return typeof value === 'number' ? value : null;
}
