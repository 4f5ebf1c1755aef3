import { existsSync } from 'node:fs';
import { UserError } from '../../base/userError.ts';
import { readMetricsCsv } from './csvFiles.ts';
import type { RunLayout } from './layout.ts';
import type { MetricsRow } from './metricsRow.ts';
import type { RunStatus } from './runStatus.ts';

/**
 * Returns the metrics of a run, none where it has not begun. They are written before the status is: a file that ends before the epoch of
 * the status has lost rows and is a UserError, as is one that cannot be read.
 */
export function readMetrics(files: RunLayout, status: RunStatus | null): MetricsRow[] {
  const rows = existsSync(files.metrics) ? readMetricsCsv(files.metrics) : [];
  const last = rows.at(-1)?.epoch ?? null;
  if (status !== null && status.epoch > 0 && (last ?? -1) < status.epoch) {
    throw new UserError(
      `${files.metrics} must reach epoch ${status.epoch}, as status.json does, got ${last ?? 'nothing'}`,
    );
  }
  return rows;
}
