import { COLUMN_OF } from '../../spectra/columns.ts';
import type { CsvValue } from './csvFiles.ts';
import { JOINED_COLUMNS, joinRows } from './joinRows.ts';
import type { Results } from './readResults.ts';
import { flatSettings } from './runSettings.ts';

/** A column of a table; null where a row has no value. */
export interface LongColumn {
  name: string;
  kind: 'integer' | 'number' | 'boolean' | 'text';
  values: CsvValue[];
}

/** Stands before the keys of the config, which may be called as a column is. */
const SETTING = 'config.';

/**
 * Returns one long table of results folders, a row a spectrum: which experiment it is of, the columns of spectra.csv, the metrics of its
 * epoch, and every key of the config of its run, `config.optimizer.type`. Columns without any value are left out.
 */
export function longTable(folders: readonly Results[]): LongColumn[] {
  const rows = folders.flatMap((results): Record<string, CsvValue>[] => {
    const settings = new Map(
      results.runs.map(({ id, config }) => [id, config === null ? {} : flatSettings(config)]),
    );
    return joinRows(results.spectra, results.runs).map((row) => ({
      experiment: results.experiment.name,
      ...row,
      ...Object.fromEntries(
        Object.entries(settings.get(row.run ?? '') ?? {}).map(([key, value]) => [SETTING + key, value]),
      ),
    }));
  });
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return names
    .map((name) => {
      const values = rows.map((row) => row[name] ?? null);
      return { name, kind: kindOf(name, values), values };
    })
    .filter(({ values }) => values.some((value) => value !== null))
    .map((column) =>
      column.kind === 'text'
        ? { ...column, values: column.values.map((value) => (value === null ? null : String(value))) }
        : column,
    );
}

function kindOf(name: string, values: readonly CsvValue[]): LongColumn['kind'] {
  const type = (COLUMN_OF.get(name) ?? JOINED_COLUMNS.find(([known]) => known === name))?.[1];
  if (type?.startsWith('integer')) return 'integer';
  if (type?.startsWith('number')) return 'number';
  if (type !== undefined && /^(text|phase)/.test(type)) return 'text';
  const kinds = new Set(values.filter((value) => value !== null).map((value) => typeof value));
  if (kinds.size !== 1) return 'text';
  return kinds.has('number') ? 'number' : kinds.has('boolean') ? 'boolean' : 'text';
}
