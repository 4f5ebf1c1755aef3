import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { typescriptLinearAlgebra } from '../../src/linalg/typescriptLinearAlgebra.ts';
import { classifyPhase, phaseColumns } from '../../src/phases/classifyPhase.ts';
import { randomStream } from '../../src/random/stream.ts';
import {
  bootstrapColumns,
  detXColumns,
  fixedAspectColumns,
  localizationColumns,
  tailTypeColumns,
} from '../../src/spectra/extraColumns.ts';
import { layerSpectrum } from '../../src/spectra/layerSpectrum.ts';
import { nullCalibration } from '../../src/spectra/nullCalibration.ts';
import { spikedMatrix } from '../../src/synthetic/matrices.ts';

it('docs/metrics.md defines every column', () => {
  const W = spikedMatrix(randomStream(0, 'test/documentation'), { rows: 40, cols: 20 }, [3]);
  const algebra = typescriptLinearAlgebra;
  const evals = algebra.eigenvalues(W, 40, 20);
  const shape = { N: 40, M: 20 };
  const spectrum = layerSpectrum(evals, shape);
  const stream = randomStream(1, 'test/documentation');
  const row = {
    ...spectrum,
    ...phaseColumns(classifyPhase(evals, shape)),
    ...detXColumns(evals, spectrum),
    ...tailTypeColumns(evals, spectrum),
    ...bootstrapColumns(evals, spectrum, { fit: 'paper', resamples: 5 }, stream),
    ...nullCalibration(
      evals,
      { matrices: [W], rows: 40, cols: 20 },
      { copies: 2, fit: 'paper' },
      stream,
      algebra,
    ),
    ...localizationColumns([W], 40, 20, spectrum.num_spikes, algebra),
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
