import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/base/random/stream.ts';
import { typescriptLinearAlgebra } from '../../../src/spectra/linalg/typescriptLinearAlgebra.ts';
import { classifyPhase } from '../../../src/spectra/phases/classifyPhase.ts';
import { restsOnRounding, warningOf } from '../../../src/spectra/phases/warnings.ts';
import { lowRankMatrix, paretoMatrix, spikedMatrix } from '../../../src/spectra/synthetic/matrices.ts';
import { roundedMatrix } from '../../../src/spectra/synthetic/roundedMatrix.ts';
import { weightSpectra } from '../../../src/spectra/weightSpectra.ts';

const row = { alpha: 3, D: 0.02, num_pl_spikes: 100, phase: 'bulk-decay' } as const;

describe('warningOf', () => {
  it.each([
    [{}, false, null],
    [{ alpha: null, D: null, num_pl_spikes: null }, false, null],
    [{ alpha: 2 }, false, null],
    [{ alpha: 1.99 }, false, 'over-trained'],
    [{ alpha: 6 }, false, null],
    [{ alpha: 6.01 }, false, 'under-trained'],
    // 1.08 over the root of 100 is 0.108; of 1000 it is less than 0.07.
    [{ D: 0.107 }, false, null],
    [{ D: 0.109 }, false, 'poor fit'],
    [{ D: 0.069, num_pl_spikes: 1000 }, false, null],
    [{ D: 0.071, num_pl_spikes: 1000 }, false, 'poor fit'],
    [{ num_traps: 0 }, false, null],
    [{ num_traps: 1, alpha: 1.5 }, false, 'over-trained; trap'],
    [{ alpha: 7, D: 0.3 }, true, 'under-trained; poor fit; label rests on rounding'],
  ])('%j', (values, rounding, wanted) => {
    expect(warningOf({ ...row, ...values }, rounding)).toBe(wanted);
  });
});

describe('restsOnRounding', () => {
  const shape = { rows: 200, cols: 200 };
  const rests = (W: Float64Array, precision: 'float32' | 'bfloat16' | 'float8_e4m3'): boolean => {
    const weights = { ...shape, matrices: [roundedMatrix(W, precision)], precision };
    const [spectrum] = weightSpectra([weights], typescriptLinearAlgebra);
    return restsOnRounding(spectrum!, {}, classifyPhase(spectrum!).phase);
  };

  it('is true where a good part of a spectrum lies below what float8 rounds, and false where few or none do', () => {
    const W = spikedMatrix(randomStream(1, 'test/warnings'), shape, [3]);
    expect([rests(W, 'float8_e4m3'), rests(W, 'bfloat16'), rests(W, 'float32')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('is true of the rank that float8 hides, and false where the gap shows it', () => {
    const stream = randomStream(1, 'test/warnings');
    expect(rests(lowRankMatrix(stream, shape, { rank: 190, noise: 0 }), 'float8_e4m3')).toBe(true);
    expect(rests(lowRankMatrix(stream, shape, { rank: 80, noise: 0 }), 'float8_e4m3')).toBe(false);
    expect(rests(lowRankMatrix(stream, shape, { rank: 190, noise: 0 }), 'float32')).toBe(false);
  });

  it('is false where nothing is below the rounding', () => {
    expect(
      rests(paretoMatrix(randomStream(1, 'test/warnings'), shape, { mu: 3, kind: 'symmetric' }), 'float32'),
    ).toBe(false);
  });
});
