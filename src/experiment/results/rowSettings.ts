import { COLUMN_OF } from '../../spectra/columns.ts';
import type { SpectrumRow } from '../../spectra/spectrumRow.ts';
import type { RunConfig } from '../config/schema.ts';
import type { ResultsLayout } from './layout.ts';
import { readRunConfig } from './runConfig.ts';
import { differingSettings, settingKeys } from './runSettings.ts';

export interface RowSettings {
  /** The columns, in file order. */
  columns: readonly string[];
  /** Returns the row with the settings of its run. */
  settled(row: SpectrumRow): SpectrumRow;
}

type Value = string | number | boolean | null;

const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/**
 * Returns the settings of runs as columns of their rows: `batch_size`, `seed`, and in snake case (`learning_rate`, `l2_coefficient`) every
 * other key in which they differ. Runs without settings have none.
 */
export function rowSettings(layout: ResultsLayout, runs: readonly string[]): RowSettings {
  const configured = runs
    .map((id) => ({ id, config: readRunConfig(layout.run(id), () => {}) }))
    .filter(({ config }) => config !== null);
  const values = new Map<string, Record<string, Value>>();
  const differing = differingSettings(configured, ['batchSize']);
  for (const { id, config } of configured) {
    const known: Partial<RunConfig> = config!;
    const swept = Object.entries(differing.get(id)!).map(([key, text]) => [columnOf(key), typedValue(text)]);
    values.set(id, {
      batch_size: known.batchSize ?? null,
      seed: known.seed ?? null,
      ...Object.fromEntries(swept),
    });
  }
  const columns = [...new Set([...values.values()].flatMap(Object.keys))];
  // Keys that differed when the row was written may differ no more.
  const earlier = settingKeys(configured)
    .map(columnOf)
    .filter((column) => !columns.includes(column));
  return {
    columns,
    settled(row) {
      const settled: SpectrumRow = { ...row, ...values.get(row.run ?? '') };
      for (const column of earlier) delete settled[column];
      return settled;
    },
  };
}

/** Returns the name of a key's column: what is measured keeps its own. */
function columnOf(key: string): string {
  const name = key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
  return COLUMN_OF.has(name) || name === 'file' ? `setting_${name}` : name;
}

function typedValue(text: string): Value {
  if (text === 'none') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  return NUMBER.test(text) ? Number(text) : text;
}
