import { UserError } from '../../base/userError.ts';
import { namesOf } from '../../spectra/columns.ts';
import { readTable } from './csvFiles.ts';
import { METRICS_COLUMNS, type MetricsRow } from './metricsRow.ts';

const NAMES = namesOf(METRICS_COLUMNS);
const EMPTY = Object.fromEntries(NAMES.map((name) => [name, null])) as unknown as MetricsRow;

/**
 * Returns the metrics that another program wrote: the columns of metrics.csv that it has, `epoch` and one other at least, a row an epoch;
 * of several rows of an epoch the last value of each column. What it does not have is null. Throws UserError for a file that is no such.
 */
export function importMetrics(path: string): MetricsRow[] {
  const rows = new Map<number, MetricsRow>();
  for (const [i, record] of readTable(path).entries()) {
    const { epoch } = record;
    if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch)) {
      throw new UserError(`${path}:${i + 2}: epoch must be a whole number, got '${epoch ?? ''}'`);
    }
    const found = Object.entries(record).filter(
      ([name, value]) => (NAMES as string[]).includes(name) && typeof value === 'number',
    );
    rows.set(epoch, { ...(rows.get(epoch) ?? EMPTY), ...Object.fromEntries(found) });
  }
  const sorted = [...rows.values()].sort((a, b) => a.epoch - b.epoch);
  if (sorted.every((row) => NAMES.every((name) => name === 'epoch' || row[name] === null))) {
    throw new UserError(`${path} must have columns of ${NAMES.join(', ')}, got none but epoch`);
  }
  return sorted;
}
