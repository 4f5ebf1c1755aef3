import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/base/random/stream.ts';
import { entryTail } from '../../src/spectra/entryTail.ts';
import { fitMarchenkoPastur } from '../../src/spectra/laws/fitMarchenkoPastur.ts';
import { typescriptLinearAlgebra } from '../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { randomizedSpectrum } from '../../src/spectra/nullCalibration.ts';
import { gaussianMatrix, paretoMatrix, spikedMatrix } from '../../src/spectra/synthetic/matrices.ts';
import { weightSpectra } from '../../src/spectra/weightSpectra.ts';

const shape = { rows: 300, cols: 150 };
const weightsOf = (W: Float64Array) => ({ matrices: [W], ...shape, precision: 'float64' as const });
const tailOf = (W: Float64Array) => entryTail(weightsOf(W), typescriptLinearAlgebra);
const spectrumOf = (W: Float64Array) => weightSpectra([weightsOf(W)], typescriptLinearAlgebra)[0]!;
const noise = (seed = 0) => gaussianMatrix(randomStream(seed, 'test/entries'), shape);

function meanSpikesOfCopies(W: Float64Array, copies: number): number {
  const counts = Array.from({ length: copies }, (_, copy) => {
    const stream = randomStream(copy, 'test/copies');
    const fit = fitMarchenkoPastur(randomizedSpectrum(weightsOf(W), stream, typescriptLinearAlgebra));
    return fit.sigma === null ? 0 : fit.numSpikes;
  });
  return counts.reduce((total, count) => total + count, 0) / copies;
}

describe('entryTail', () => {
  it('counts the entries that are beyond the BBP transition and its Tracy-Widom margin', () => {
    const W = noise();
    // Q^-1/4 = 0.841 is critical; the 99 % edge of 300 x 150 asks for 1.01.
    for (const [i, size] of [0.7, -1.4, 3, -40].entries()) W[i * 150 + 7 * i] = size;
    expect(tailOf(W).num_entry_spikes).toBeCloseTo(3, 2);
    expect(tailOf(W.map((w) => w * 2 ** -300)).num_entry_spikes).toBeCloseTo(3, 2);
    expect(tailOf(noise())).toMatchObject({ num_entry_spikes: 0 });
    const sparse = new Float64Array(45000);
    sparse.set([1, 2, -3]);
    expect(tailOf(sparse).num_entry_spikes).toBe(3);
  });

  it('counts an entry at the edge as often as it is beyond it', () => {
    for (const [size, least, most] of [
      [0.85, 0, 0.15],
      [1.04, 0.3, 0.75],
      [1.25, 0.9, 1],
    ] as const) {
      const draws = Array.from({ length: 40 }, (_, draw) => {
        const W = gaussianMatrix(randomStream(draw, 'test/entries/edge'), shape);
        W[7] = size;
        const fit = fitMarchenkoPastur(spectrumOf(W));
        return { seen: fit.sigma === null ? 0 : fit.numSpikes, expected: tailOf(W).num_entry_spikes! };
      });
      const mean = (of: (draw: (typeof draws)[number]) => number) =>
        draws.reduce((sum, draw) => sum + of(draw), 0) / draws.length;
      const [seen, expected] = [mean((draw) => draw.seen), mean((draw) => draw.expected)];
      expect(expected).toBeGreaterThanOrEqual(least);
      expect(expected).toBeLessThanOrEqual(most);
      // Two standard errors of 40 draws at even odds, and what the edge of so small a matrix is off.
      expect(Math.abs(seen - expected)).toBeLessThan(0.2);
    }
  });

  it('is within half a spike of what permuted copies have where these are few', () => {
    const errors = Array.from({ length: 16 }, (_, draw) => {
      const stream = randomStream(draw, 'test/entries/few');
      const W = paretoMatrix(stream, shape, { mu: 2.7 + 0.03 * draw, kind: 'symmetric' });
      return tailOf(W).num_entry_spikes! - meanSpikesOfCopies(W, 6);
    });
    expect(Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)).toBeLessThan(0.5);
  });

  it('finds as many as permuted copies have, also in entries of heavy tail', () => {
    for (const mu of [2, 2.5]) {
      const W = paretoMatrix(randomStream(3, 'test/entries/pareto'), shape, { mu, kind: 'symmetric' });
      const mean = meanSpikesOfCopies(W, 5);
      expect(tailOf(W).num_entry_spikes! / mean).toBeGreaterThan(0.75);
      expect(tailOf(W).num_entry_spikes! / mean).toBeLessThan(1.34);
    }
  });

  it('sees no spikes of entries where directions are strong', () => {
    const W = spikedMatrix(randomStream(1, 'test/entries/spiked'), shape, [40, 30, 20, 5]);
    expect(tailOf(W).num_entry_spikes).toBe(0);
  });

  it('gives the exponent of a Pareto law, and that of the normal law between its quantiles', () => {
    for (const mu of [1, 2, 3, 5]) {
      const W = paretoMatrix(randomStream(2, 'test/entries/mu'), shape, { mu, kind: 'symmetric' });
      // The ratio of two order statistics of 450 and 45 entries: a standard error of 6 %.
      expect(Math.abs(tailOf(W).entry_mu! / mu - 1)).toBeLessThan(0.2);
    }
    const normal = Math.log(10) / Math.log(3.2905 / 2.5758);
    const W = noise(5);
    expect(Math.abs(tailOf(W).entry_mu! / normal - 1)).toBeLessThan(0.25);
    // Ten outliers are no tail.
    for (let i = 0; i < 10; i++) W[i * 151] = 50;
    expect(tailOf(W).entry_mu!).toBeGreaterThan(5);
  });

  it('has no exponent where entries are few, 0 or of one size, and no spikes below 8 columns', () => {
    expect(tailOf(new Float64Array(45000))).toEqual({ num_entry_spikes: 0, entry_mu: null });
    expect(tailOf(new Float64Array(45000).fill(0.5)).entry_mu).toBeNull();
    expect(
      entryTail({ matrices: [noise()], rows: 6, cols: 7500, precision: 'float64' }, typescriptLinearAlgebra),
    ).toMatchObject({
      num_entry_spikes: null,
    });
    expect(
      entryTail(
        { matrices: [noise().slice(0, 100)], rows: 10, cols: 10, precision: 'float64' },
        typescriptLinearAlgebra,
      ),
    ).toEqual({
      num_entry_spikes: 0,
      entry_mu: null,
    });
  });
});
