import { expect, it } from 'vitest';
import { modelSummaries } from '../../src/spectra/modelSummary.ts';
import type { SpectrumRow } from '../../src/spectra/spectrumRow.ts';

const row = (file: string, values: Partial<SpectrumRow>) =>
  ({
    file,
    run: null,
    epoch: null,
    alpha: null,
    alpha_weighted: null,
    log_norm: null,
    log_alpha_norm: null,
    log_spectral_norm: null,
    stable_rank: null,
    mp_softrank: null,
    rank_loss: 0,
    phase: null,
    warning: null,
    ...values,
  }) as SpectrumRow & { file: string };

it('gives means over the layers that have a value, the lost ranks, and phases and warnings with their numbers', () => {
  const [a, b, ...others] = modelSummaries([
    row('a', { alpha: 2, log_norm: 1, rank_loss: 3, phase: 'bulk-decay', warning: 'poor fit' }),
    row('b', { phase: 'random-like', epoch: 4 }),
    row('a', { alpha: 4, rank_loss: 1, phase: 'bulk-decay', warning: 'poor fit; trap' }),
    row('a', { phase: 'heavy-tailed' }),
  ]);
  expect(others).toEqual([]);
  expect(a).toMatchObject({
    file: 'a',
    layers: 3,
    alpha: 3,
    log_norm: 1,
    stable_rank: null,
    rank_loss: 4,
    phases: { 'bulk-decay': 2, 'heavy-tailed': 1 },
    warnings: { 'poor fit': 2, trap: 1 },
  });
  expect(b).toMatchObject({
    file: 'b',
    epoch: 4,
    layers: 1,
    alpha: null,
    phases: { 'random-like': 1 },
    warnings: {},
  });
});
