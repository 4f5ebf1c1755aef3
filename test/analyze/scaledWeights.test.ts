import { describe, expect, it } from 'vitest';
import { analyzeLayer } from '../../src/analyze/analyzeLayer.ts';
import { scaledWeights, unscaledRow } from '../../src/analyze/scaledWeights.ts';
import { randomStream } from '../../src/base/random/stream.ts';
import { analysisSchema } from '../../src/experiment/config/schema.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import type { SpectrumRow } from '../../src/spectra/spectrumRow.ts';
import { gaussianMatrix } from '../../src/spectra/synthetic/matrices.ts';

const SHAPE = { rows: 60, cols: 40 };
const W = Float64Array.from(gaussianMatrix(randomStream(7, 'scaled weights'), SHAPE));
const analysis = analysisSchema.parse({
  bootstrap: 10,
  randomize: 3,
  tails: true,
  vectors: true,
  farms: { columns: 10, aspect: 2 },
});

function analyze(values: Float64Array) {
  const weights = { layer: 'w', ...SHAPE, matrices: [values], precision: 'float64', where: 'w' } as const;
  return analyzeLayer(weights, analysis, typescriptLinearAlgebra);
}

const own = analyze(W);
const LOGS = ['log_norm', 'log_spectral_norm', 'alpha_weighted', 'log_alpha_norm'];

/** Compares all columns but those named, to rounding. */
function expectSame(row: SpectrumRow, expected: SpectrumRow, but: readonly string[]): void {
  for (const [key, value] of Object.entries(expected)) {
    if (but.includes(key)) continue;
    if (typeof value === 'number') expect(row[key], key).toBeCloseTo(value, 9);
    else expect(row[key], key).toBe(value);
  }
}

describe('weights far from 1', () => {
  it.each([1e-300, 1e-200, 1e-160, 1e154, 1e200, 1e300])('of scale %g have the spectrum of W', (scale) => {
    const { row, eigenvalues } = analyze(W.map((value) => value * scale));
    const exponent = row.scale_exponent as number;
    expect(row.notes).toContain(`given are those of W * 2^${-exponent}`);
    // The rest of the scale lies between 1/2 and 2^3, since the largest of |W| is scaled to [1, 2).
    const rest = (scale * 2 ** Math.trunc(-exponent / 2) * 2 ** -(exponent - Math.trunc(exponent / 2))) ** 2;
    const [first, last] = [eigenvalues[0]!, eigenvalues.at(-1)!];
    expect(first / rest).toBeCloseTo(own.eigenvalues[0]!, 9);
    expect(last / rest).toBeCloseTo(own.eigenvalues.at(-1)!, 9);
    expect(row.sigma_mp! / Math.sqrt(rest)).toBeCloseTo(own.row.sigma_mp!, 9);
    expect(row.log_spectral_norm).toBeCloseTo(own.row.log_spectral_norm! + 2 * Math.log10(scale), 9);
    expect(row.log_norm).toBeCloseTo(own.row.log_norm! + 2 * Math.log10(scale), 9);
    expect(row.alpha_weighted! / row.log_spectral_norm!).toBeCloseTo(own.row.alpha!, 9);
    for (const key of ['matrix_rank', 'num_spikes', 'phase'] as const) expect(row[key]).toBe(own.row[key]);
    for (const key of ['alpha', 'D', 'entropy', 'stable_rank', 'mp_softrank'] as const) {
      expect(row[key], key).toBeCloseTo(own.row[key] as number, 9);
    }
  });

  it('come back exactly where their eigenvalues are in range', () => {
    const scale = 2 ** 300;
    const { row, eigenvalues } = analyze(W.map((value) => value * scale));
    expect(row.scale_exponent).toBeUndefined();
    for (const [i, value] of eigenvalues.entries()) {
      expect(value / scale / scale).toBeCloseTo(own.eigenvalues[i]!, 12);
    }
    expect(row.sigma_mp! / scale).toBeCloseTo(own.row.sigma_mp!, 12);
  });

  it('leave every column that has no unit as it is, and no column with one', () => {
    const scale = 2 ** -300;
    const { row } = analyze(W.map((value) => value * scale));
    const scaled = Object.keys(row).filter((key) => {
      const [a, b] = [row[key], own.row[key]];
      return typeof a === 'number' && a !== b && Math.abs(a / (b as number)) < 2 ** -250;
    });
    expectSame(row, own.row, [...scaled, ...LOGS]);
    for (const key of scaled) {
      const power = /sigma|^sv_/.test(key) ? 1 : 2;
      const back = (row[key] as number) / scale / (power === 2 ? scale : 1);
      expect(back, key).toBeCloseTo(own.row[key] as number, 9);
    }
    expect(scaled).toContain('lambda_max');
  });

  it('are not touched where they are near 1, or float32', () => {
    for (const values of [W, Float32Array.from([1e-45, 3e38])]) {
      const matrices = [values];
      expect(scaledWeights(matrices)).toEqual({ matrices, exponent: 0 });
    }
    expect(unscaledRow(own.row, own.eigenvalues, 0).row).toBe(own.row);
  });

  it('are scaled exactly, the smallest of doubles too', () => {
    const { matrices, exponent } = scaledWeights([Float64Array.of(5e-324, -1.5e-323, 0)]);
    expect([...matrices[0]!]).toEqual([0.5, -1.5, 0]);
    expect(exponent).toBe(-1073);
  });
});
