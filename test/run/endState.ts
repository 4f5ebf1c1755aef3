import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileSha256 } from '../../src/base/files/checksums.ts';
import { readMetricsCsv } from '../../src/experiment/results/csvFiles.ts';
import { resultsLayout } from '../../src/experiment/results/layout.ts';
import { NO_CIRCUMSTANCES } from '../../src/experiment/results/metricsRow.ts';

/** Everything that must not depend on where or when it was made: checksums of files, and metrics without their times. */
export function endState(dir: string): Record<string, unknown> {
  const layout = resultsLayout(dir);
  const state: Record<string, unknown> = {
    experiment: fileSha256(layout.experiment),
    spectra: fileSha256(layout.spectra),
  };
  for (const run of readdirSync(layout.runs).sort()) {
    const files = layout.run(run);
    const paths = [files.config, files.checkpoint, layout.esd(run)];
    if (existsSync(layout.truncated(run))) paths.push(layout.truncated(run));
    for (const name of readdirSync(files.snapshots)) paths.push(join(files.snapshots, name));
    for (const path of paths) state[path.slice(dir.length)] = fileSha256(path);
    state[`${run} metrics`] = readMetricsCsv(files.metrics).map((row) => ({
      ...row,
      images_per_second: null,
      train_time_s: null,
      ...NO_CIRCUMSTANCES,
    }));
  }
  return state;
}
