import { expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spectrumOf } from '../../../src/spectra/measures/spectrum.ts';
import { classifyPhase } from '../../../src/spectra/phases/classifyPhase.ts';
import { MATRIX_FAMILIES } from '../../../src/spectra/synthetic/families.ts';

// Other draws than those of `npm run calibrate`, over the whole range of shapes.
const SHAPES = [
  { rows: 192, cols: 384, draws: 100 },
  { rows: 700, cols: 350, draws: 40 },
  { rows: 4096, cols: 384, draws: 20 },
  { rows: 1024, cols: 1024, draws: 5 },
  { rows: 2048, cols: 4096, draws: 2 },
];

it.each(MATRIX_FAMILIES.filter(({ target }) => target))('$name is $phase', (family) => {
  let right = 0;
  let drawn = 0;
  for (const shape of SHAPES) {
    const N = Math.max(shape.rows, shape.cols);
    const M = Math.min(shape.rows, shape.cols);
    const draws = family.drawSpectrum === undefined ? shape.draws : 1000;
    for (let index = 0; index < draws; index++) {
      const stream = randomStream(1, `test/calibrate/${family.name}/${shape.rows}x${shape.cols}/${index}`);
      const evals =
        family.drawSpectrum?.(stream, shape) ??
        typescriptLinearAlgebra.eigenvalues(family.draw(stream, shape), shape.rows, shape.cols);
      if (classifyPhase(spectrumOf(evals, { N, M })).phase === family.phase) right++;
    }
    drawn += draws;
  }
  expect(right / drawn).toBeGreaterThanOrEqual(family.phase === 'random-like' ? 0.98 : 0.95);
});
