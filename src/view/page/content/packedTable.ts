import type { CsvRow, CsvValue } from '../../../experiment/results/csvFiles.ts';

/** A column: one value for all rows, texts once each, or a value a row. */
type PackedColumn = { same: CsvValue } | { texts: string[]; at: (number | null)[] } | { each: CsvValue[] };

/** Rows by column: JSON of a fraction of the size. */
export interface PackedTable {
  rows: number;
  columns: Record<string, PackedColumn>;
}

/** Returns the rows by column, numbers to six significant digits. */
export function packTable(rows: readonly CsvRow[]): PackedTable {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return {
    rows: rows.length,
    columns: Object.fromEntries(
      names.map((name) => [name, packColumn(rows.map((row) => row[name] ?? null))]),
    ),
  };
}

/** Returns the rows of a packed table; a column that a row lacked is null in it. */
export function unpackTable({ rows, columns }: PackedTable): CsvRow[] {
  const readers = Object.entries(columns).map(([name, column]) => [name, reader(column)] as const);
  return Array.from({ length: rows }, (_, i) =>
    Object.fromEntries(readers.map(([name, read]) => [name, read(i)])),
  );
}

function packColumn(values: readonly CsvValue[]): PackedColumn {
  const short = values.map((value) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value));
  if (short.every((value) => value === short[0])) return { same: short[0] ?? null };
  if (!short.every((value) => typeof value === 'string' || value === null)) return { each: short };
  const index = new Map<string, number>();
  const at = short.map((text) => {
    if (text === null) return null;
    if (!index.has(text)) index.set(text, index.size);
    return index.get(text)!;
  });
  return { texts: [...index.keys()], at };
}

function reader(column: PackedColumn): (row: number) => CsvValue {
  if ('same' in column) return () => column.same;
  if ('each' in column) return (row) => column.each[row] ?? null;
  return (row) => {
    const at = column.at[row] ?? null;
    return at === null ? null : column.texts[at]!;
  };
}
