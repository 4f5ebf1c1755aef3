import { existsSync } from 'node:fs';
import { openSafetensors } from '../base/safetensors/safetensors.ts';
import { lastEpochRows } from '../experiment/results/joinRows.ts';
import { resultsLayout } from '../experiment/results/layout.ts';
import type { Results } from '../experiment/results/readResults.ts';
import type { SpectrumRow } from '../spectra/spectrumRow.ts';

/** The matrix of a dense layer in the last analyzed snapshot of a run. */
export interface LastWeights {
  row: SpectrumRow & { run: string; epoch: number };
  rows: number;
  cols: number;
  W: Float32Array | Float64Array;
}

/** Returns, one after the other, the dense layers of every run whose last analyzed snapshot is still there. */
export function* lastWeights(results: Results): Generator<LastWeights> {
  const layout = resultsLayout(results.dir);
  for (const row of lastEpochRows(results.spectra)) {
    const { run, epoch } = row;
    if (run === null || epoch === null) continue;
    const path = layout.run(run).snapshot(epoch);
    if (!existsSync(path)) continue;
    const file = openSafetensors(path);
    try {
      if (!file.names.includes(row.layer)) continue;
      const { shape, data } = file.read(row.layer);
      if (shape.length !== 2 || !(data instanceof Float32Array || data instanceof Float64Array)) continue;
      yield { row: { ...row, run, epoch }, rows: shape[0]!, cols: shape[1]!, W: data };
    } finally {
      file.close();
    }
  }
}
