import { parquetWriteBuffer } from 'hyparquet-writer';
import { writeFileAtomic } from '../base/files/atomicWrite.ts';
import { type LongColumn, longTable } from '../experiment/results/longTable.ts';
import type { Results } from '../experiment/results/readResults.ts';

const MAX_INT32 = 2 ** 31;

/** Writes the long table of results folders as a Parquet file, and returns its size. */
export function writeLongTable(path: string, folders: readonly Results[]): { rows: number; columns: number } {
  const columns = longTable(folders);
  const columnData = columns.map((column) => ({
    name: column.name,
    data: column.values,
    type: typeOf(column),
    nullable: true,
  }));
  writeFileAtomic(path, new Uint8Array(parquetWriteBuffer({ columnData })));
  return { rows: columns[0]?.values.length ?? 0, columns: columns.length };
}

function typeOf({ kind, values }: LongColumn): 'STRING' | 'BOOLEAN' | 'INT32' | 'DOUBLE' {
  if (kind === 'text') return 'STRING';
  if (kind === 'boolean') return 'BOOLEAN';
  const fits = (value: LongColumn['values'][number]): boolean =>
    value === null || (Number.isInteger(value) && Math.abs(value as number) < MAX_INT32);
  return kind === 'integer' && values.every(fits) ? 'INT32' : 'DOUBLE';
}
