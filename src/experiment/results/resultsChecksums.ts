import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { writeChecksums } from '../../base/files/checksums.ts';
import type { ResultsLayout, RunLayout } from './layout.ts';

/** Writes SHA256SUMS of a finished run: everything but the log and the status, which later sessions may touch. */
export function writeRunChecksums(files: RunLayout): void {
  const paths = [
    files.config,
    files.provenance,
    files.metrics,
    files.checkpoint,
    ...filesIn(files.snapshots),
  ];
  writeSums(files.dir, paths);
}

/**
 * Writes SHA256SUMS of what the analysis made of the runs: call it when spectra.csv and esd/ are written. Figures and the report
 * can be drawn again at any time and are not in it.
 */
export function writeAnalysisChecksums(layout: ResultsLayout): void {
  writeSums(layout.dir, [
    layout.experiment,
    layout.spectra,
    ...filesIn(layout.esdFolder),
    ...filesIn(layout.truncatedFolder, '.csv'),
  ]);
}

function writeSums(folder: string, paths: readonly string[]): void {
  writeChecksums(
    folder,
    paths.filter((path) => existsSync(path)).map((path) => relative(folder, path)),
  );
}

function filesIn(folder: string, ending = '.safetensors'): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}
