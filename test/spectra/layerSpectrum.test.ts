import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import { layerSpectrum } from '../../src/spectra/layerSpectrum.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spectrumOf } from '../../src/spectra/measures/spectrum.ts';
import {
  gaussianMatrix,
  lowRankMatrix,
  paretoMatrix,
  spikedMatrix,
} from '../../src/spectra/synthetic/matrices.ts';
import { goldenEigenvalues, goldenStage } from './golden.ts';

const golden = (name: string) => spectrumOf(goldenEigenvalues[name]!, { N: 384, M: 192 });

describe('layerSpectrum', () => {
  it.each(['base', 'portable'].flatMap(goldenStage).filter((row) => !row.name!.startsWith('lowrank')))(
    "has WeightWatcher's columns: $stage $name",
    (row) => {
      const spectrum = layerSpectrum(golden(row.name!), { fit: 'ww' });
      const columns = [
        ['norm', 'log_norm', 'spectral_norm', 'log_spectral_norm', 'lambda_max', 'stable_rank'],
        ['matrix_rank', 'rank_loss', 'num_evals', 'N', 'M', 'Q'],
        Number(row.alpha) > 0
          ? ['alpha', 'alpha_weighted', 'log_alpha_norm', 'D', 'xmin', 'xmax', 'sigma', 'num_pl_spikes']
          : [],
      ].flat() as (keyof typeof spectrum)[];
      for (const column of columns) {
        const expected = Number(row[column]);
        expect(Math.abs(Number(spectrum[column]) - expected), column).toBeLessThanOrEqual(
          1e-8 * Math.abs(expected),
        );
      }
    },
  );

  it('fits a spectrum of any scale where WeightWatcher gives up', () => {
    const spectrum = layerSpectrum(golden('gauss1e-3_192x384'), { fit: 'ww' });
    expect(spectrum.alpha).toBeGreaterThan(2);
    expect(spectrum.notes).toBeNull();
  });

  const families = {
    noise: gaussianMatrix(randomStream(1, 'test/layer'), { rows: 90, cols: 60 }),
    spikes: spikedMatrix(randomStream(2, 'test/layer'), { rows: 90, cols: 60 }, [3, 4]),
    pareto: paretoMatrix(randomStream(3, 'test/layer'), { rows: 90, cols: 60 }, { mu: 2, kind: 'symmetric' }),
    lowRank: lowRankMatrix(randomStream(4, 'test/layer'), { rows: 90, cols: 60 }, { rank: 20, noise: 0 }),
  };
  it.each(Object.entries(families))('is the same for W, 1e-6 W and 1e6 W: %s', (_, W) => {
    const of = (scale: number) =>
      layerSpectrum(
        spectrumOf(
          typescriptLinearAlgebra.eigenvalues(
            Float32Array.from(W, (w) => w * scale),
            90,
            60,
          ),
          { N: 90, M: 60 },
        ),
      );
    const one = of(1);
    for (const scale of [1e-6, 1e6]) {
      const scaled = of(scale);
      for (const column of ['num_spikes', 'num_pl_spikes', 'matrix_rank', 'rank_loss'] as const) {
        expect(scaled[column], column).toBe(one[column]);
      }
      for (const column of ['alpha', 'D', 'stable_rank', 'entropy', 'mp_softrank', 'bulk_ks'] as const) {
        // Scaling rounds the float32 entries anew.
        if (one[column] === null) expect(scaled[column], column).toBeNull();
        else expect(scaled[column]! / one[column], column).toBeCloseTo(1, 5);
      }
      for (const column of ['norm', 'lambda_max', 'xmin'] as const) {
        expect(scaled[column]! / one[column]! / scale ** 2, column).toBeCloseTo(1, 5);
      }
    }
  });

  it('says why a value is missing', () => {
    const zero = layerSpectrum(spectrumOf(new Float64Array(10), { N: 20, M: 10 }));
    expect(zero).toMatchObject({ norm: 0, log_norm: null, stable_rank: null, matrix_rank: 0, alpha: null });
    expect(zero.notes).toContain('all eigenvalues are 0');
    const small = layerSpectrum(spectrumOf(Float64Array.of(1, 2), { N: 3, M: 2 }));
    expect(small.sigma_mp).toBeNull();
    expect(small.notes).toContain('sigma_mp: a bulk needs');
  });
});
