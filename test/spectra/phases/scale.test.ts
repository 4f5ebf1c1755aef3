import fc from 'fast-check';
import { expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import type { PowerLawMode } from '../../../src/spectra/laws/powerLaw.ts';
import { layerSpectrum } from '../../../src/spectra/layerSpectrum.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spectrumOf } from '../../../src/spectra/measures/spectrum.ts';
import { classifyPhase } from '../../../src/spectra/phases/classifyPhase.ts';
import { MATRIX_FAMILIES } from '../../../src/spectra/synthetic/families.ts';

it('W, W times 1e-6 and W times 1e6 have the same alpha, ranks, soft rank, spikes and phase', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...MATRIX_FAMILIES),
      fc.nat(1000),
      fc.integer({ min: 35, max: 70 }),
      fc.integer({ min: 35, max: 140 }),
      fc.constantFrom(1e-6, 1e6),
      fc.constantFrom<PowerLawMode>('paper', 'ww', 'hill'),
      (family, seed, rows, cols, scale, fit) => {
        const W = family.draw(randomStream(seed, 'test/scale'), { rows, cols });
        const shape = { N: Math.max(rows, cols), M: Math.min(rows, cols) };
        const of = (factor: number) => {
          const evals = typescriptLinearAlgebra.eigenvalues(
            W.map((w) => w * factor),
            rows,
            cols,
          );
          const spectrum = spectrumOf(evals, shape);
          return { row: layerSpectrum(spectrum, { fit }), phase: classifyPhase(spectrum) };
        };
        const one = of(1);
        const scaled = of(scale);
        expect(scaled.phase.phase).toBe(one.phase.phase);
        expect([scaled.row.matrix_rank, scaled.row.num_spikes, scaled.row.num_pl_spikes]).toEqual([
          one.row.matrix_rank,
          one.row.num_spikes,
          one.row.num_pl_spikes,
        ]);
        for (const column of [
          'alpha',
          'D',
          'sigma',
          'stable_rank',
          'entropy',
          'mp_softrank',
          'bulk_ks',
        ] as const) {
          const [a, b] = [one.row[column], scaled.row[column]];
          if (a === null || b === null) expect(b, column).toBe(a);
          else expect(Math.abs(b - a), column).toBeLessThan(1e-7 * (1 + Math.abs(a)));
        }
      },
    ),
    { numRuns: 60, seed: 5 },
  );
});
