import { describe, expect, it } from 'vitest';
import type { ModelSummary } from '../../../src/spectra/modelSummary.ts';
import type { SpectrumRow } from '../../../src/spectra/spectrumRow.ts';
import { layerTable } from '../../../src/view/terminal/layerTable.ts';
import { modelTable } from '../../../src/view/terminal/modelTable.ts';

const folder = `/home/someone/${'a-folder/'.repeat(12)}`;
const model = (file: string): ModelSummary => ({
  file,
  run: null,
  epoch: null,
  layers: 12,
  alpha: 3.33,
  alpha_weighted: 4.57,
  log_norm: 2.96,
  log_alpha_norm: 5.18,
  log_spectral_norm: 1.43,
  stable_rank: 35.5,
  mp_softrank: 0.2,
  rank_loss: 0,
  phases: { 'random-like': 1, 'bulk-decay': 5, 'heavy-tailed': 7, 'rank-collapse': 2, 'bulk+spikes': 3 },
  warnings: { 'under-trained': 4, 'poor fit': 1 },
});
const layer = (file: string, name: string): SpectrumRow & { file: string } =>
  ({
    ...({
      run: null,
      epoch: null,
      N: 384,
      M: 384,
      alpha: 3.18,
      D: 0.128,
      lambda_max: 6.6,
      stable_rank: 41,
    } as const),
    ...({
      mp_softrank: 0.26,
      num_spikes: 50,
      phase: 'bulk-decay',
      phase_ambiguous: false,
      log_spectral_norm: 1,
    } as const),
    file,
    layer: name,
  }) as unknown as SpectrumRow & { file: string };
const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

describe('the table of models', () => {
  it('fits 80 columns for one model, phases and warnings in full, its path by its last part', () => {
    const text = modelTable([model(`${folder}model.safetensors`)], 80);
    expect(widest(text)).toBeLessThanOrEqual(80);
    const lines = text.split('\n');
    expect(lines[0]).toMatch(/^model +layers +mean alpha +weighted/);
    expect(lines[1]).toMatch(/^model\.safetensors +12 +3\.33 +4\.57/);
    const rest = lines.slice(2).join(' ');
    expect(rest).toContain(
      'phases: 7 heavy-tailed, 5 bulk-decay, 3 bulk+spikes, 2 rank-collapse, 1 random-like',
    );
    expect(rest).toContain('warnings: 4 under-trained, 1 poor fit');
    expect(rest).toContain('(too narrow for');
    expect(rest).toContain('--json has all)');
  });

  it('tells several models apart by as many folders as that needs', () => {
    const text = modelTable([model(`${folder}a/model.pt`), model(`${folder}b/model.pt`)], 300);
    expect(text.split('\n').map((line) => line.split(' ')[0])).toEqual(['model', 'a/model.pt', 'b/model.pt']);
  });
});

describe('the table of layers', () => {
  it('fits 80 columns with long paths and names, alpha and phase in full', () => {
    const files = ['first', 'second'].map((name) => `${folder}${name}.safetensors`);
    const rows = files.map((file) => layer(file, `transformer.${'encoder.'.repeat(8)}dense.weight`));
    const text = layerTable(rows, 80);
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(text.split('\n')[1]).toMatch(/^first.* 3\.18 .* 50 +bulk-decay$/);
    expect(text.split('\n')[2]).toMatch(/^second.* 3\.18 .* 50 +bulk-decay$/);
  });

  it('shortens no name that fits', () => {
    const text = layerTable([layer('a.pt', 'encoder.layer.0.attention.output.dense.weight')], 80);
    expect(text.split('\n')[1]).toMatch(/^encoder\.layer\.0\.attention\.output\.dense\.weight /);
  });
});
