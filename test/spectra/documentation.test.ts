import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import {
  bootstrapColumns,
  detXColumns,
  fixedAspectColumns,
  localizationColumns,
  tailTypeColumns,
} from '../../src/spectra/extraColumns.ts';
import { layerSpectrum } from '../../src/spectra/layerSpectrum.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { nullCalibration } from '../../src/spectra/nullCalibration.ts';
import { classifyPhase, phaseColumns } from '../../src/spectra/phases/classifyPhase.ts';
import { spikedMatrix } from '../../src/spectra/synthetic/matrices.ts';
import { weightSpectra } from '../../src/spectra/weightSpectra.ts';

it('docs/metrics.md defines every column', () => {
  const W = spikedMatrix(randomStream(0, 'test/documentation'), { rows: 40, cols: 20 }, [3]);
  const algebra = typescriptLinearAlgebra;
  const weights = { matrices: [W], rows: 40, cols: 20, precision: 'float64' } as const;
  const spectrum = weightSpectra([weights], algebra)[0]!;
  const metrics = layerSpectrum(spectrum);
  const stream = randomStream(1, 'test/documentation');
  const row = {
    ...metrics,
    ...phaseColumns(classifyPhase(spectrum)),
    ...detXColumns(spectrum, metrics),
    ...tailTypeColumns(spectrum, metrics),
    ...bootstrapColumns(spectrum, { fit: 'paper', resamples: 5 }, stream),
    ...nullCalibration(spectrum, weights, { copies: 2, fit: 'paper' }, stream, algebra),
    ...localizationColumns([W], 40, 20, metrics.num_spikes, algebra),
    ...fixedAspectColumns(W, 40, 20, { aspect: 1, columns: 10 }, algebra),
  };
  const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const defined = new Set(
    [...page.matchAll(/^\| ([\w, ]+) \|/gm)].flatMap((match) =>
      match[1]!.split(',').map((name) => name.trim()),
    ),
  );
  expect(Object.keys(row).filter((column) => !defined.has(column))).toEqual([]);
});
