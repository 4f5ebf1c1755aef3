import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { layerSpectrum } from '../../../src/spectra/layerSpectrum.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { spectrumOf } from '../../../src/spectra/measures/spectrum.ts';
import { type EnsembleMember, ensembleSpectrum } from '../../../src/spectra/phases/ensembleSpectrum.ts';
import type { SpectrumRow } from '../../../src/spectra/spectrumRow.ts';
import { spikedMatrix } from '../../../src/spectra/synthetic/matrices.ts';

const [rows, cols] = [240, 120];
const member = (seed: number, spikes: readonly number[]): EnsembleMember => {
  const W = spikedMatrix(randomStream(seed, 'test/ensemble'), { rows, cols }, spikes);
  const evals = typescriptLinearAlgebra.eigenvalues(W, rows, cols);
  const metrics = layerSpectrum(spectrumOf(evals, { N: rows, M: cols }));
  return {
    row: { run: `seed=${seed}`, epoch: 4, layer: 'fc1', ...metrics } as unknown as SpectrumRow,
    evals,
    initialSigma: null,
  };
};

describe('ensembleSpectrum', () => {
  const members = [0, 1, 2].map((seed) => member(seed, [6, 5, 4]));
  const { row, evals } = ensembleSpectrum(members);

  it('has the eigenvalues of all runs, and the law of one', () => {
    expect([...evals]).toEqual(members.flatMap((one) => [...one.evals]).sort((a, b) => a - b));
    expect(row).toMatchObject({ run: null, epoch: 4, layer: 'fc1', N: rows, M: cols, num_evals: 3 * cols });
    expect(row.num_spikes).toBe(9);
    const sigmas = members.map((one) => one.row.sigma_mp!);
    expect(row.sigma_mp).toBeGreaterThan(Math.min(...sigmas) * 0.98);
    expect(row.sigma_mp).toBeLessThan(Math.max(...sigmas) * 1.02);
    expect(row.lambda_max).toBe(Math.max(...members.map((one) => one.row.lambda_max)));
  });

  it('has the label that its runs have, and says where they are divided', () => {
    expect(row).toMatchObject({ phase: 'bulk+spikes', phase_ambiguous: false });
    expect(row.phase_evidence).toBe('runs: 3 bulk+spikes');
    const divided = ensembleSpectrum([member(0, [6, 5, 4]), member(1, []), member(2, [])]).row;
    expect(divided.phase_evidence).toBe('runs: 2 random-like, 1 bulk+spikes');
    expect(divided).toMatchObject({ phase: 'random-like', phase_ambiguous: true });
  });

  it('leaves the eigenvalues of its members as they are', () => {
    const before = members.map((one) => [...one.evals]);
    ensembleSpectrum(members);
    expect(members.map((one) => [...one.evals])).toEqual(before);
  });
});
