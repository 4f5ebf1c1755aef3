import { describe, expect, it } from 'vitest';
import { type ChoiceOptions, layerChoice } from '../../src/analyze/layerChoice.ts';
import type { LayerKind, WeightsLayer } from '../../src/weights/tensors/weightsFile.ts';

const layer = (name: string, kind: LayerKind, shape: number[]): WeightsLayer => ({
  name,
  kind,
  shape,
  dtype: 'float32',
  convLayout: kind === 'conv' ? 'outInKernel' : null,
  read: () => new Float32Array(),
});
const LAYERS = [
  layer('emb.weight', 'embedding', [100, 64]),
  layer('h.0.mlp.fc1.weight', 'dense', [256, 64]),
  layer('h.1.mlp.fc1.weight', 'dense', [64, 256]),
  layer('conv.weight', 'conv', [8, 4, 3, 3]),
  layer('experts[0]', 'expert', [4, 6]),
];
const chosen = (options: Partial<ChoiceOptions>): string[] => {
  const choice = layerChoice({ conv: 'slices', ...options });
  return LAYERS.filter((one) => choice.wants(one)).map(({ name }) => name);
};

describe('layerChoice', () => {
  it.each([
    [['emb.weight'], ['emb.weight']],
    [['experts[0]'], ['experts[0]']],
    [['h.*.fc1.weight'], ['h.0.mlp.fc1.weight', 'h.1.mlp.fc1.weight']],
    [['h.?.mlp.{fc1,fc2}.weight'], ['h.0.mlp.fc1.weight', 'h.1.mlp.fc1.weight']],
    [['/^(emb|conv)/'], ['emb.weight', 'conv.weight']],
    [
      ['/EMB/i', 'conv*'],
      ['emb.weight', 'conv.weight'],
    ],
    [['h'], []],
  ])('%j means %j', (names, expected) => {
    expect(chosen({ names })).toEqual(expected);
  });

  it('chooses by type and by number of eigenvalues, which is that of all positions of a kernel', () => {
    expect(chosen({ kinds: ['conv', 'expert'] })).toEqual(['conv.weight', 'experts[0]']);
    expect(chosen({ minEvals: 36, maxEvals: 63 })).toEqual(['conv.weight']);
    expect(chosen({ maxEvals: 8, conv: 'flatten' })).toEqual(['conv.weight', 'experts[0]']);
  });

  it('counts what is of another type or size, and refuses bounds that nothing meets', () => {
    const choice = layerChoice({ conv: 'slices', names: ['h.*'], kinds: ['conv'] });
    expect(LAYERS.filter((one) => choice.wants(one))).toEqual([]);
    expect(choice.leftOut()).toBe(2);
    expect(() => layerChoice({ conv: 'slices', minEvals: 9, maxEvals: 8 })).toThrow(
      '--min-evals must be at most --max-evals (8), got 9',
    );
  });

  it('tells of names that fit nothing, with the nearest one', () => {
    const choice = layerChoice({ conv: 'slices', names: ['emb.wieght', 'conv*'] });
    for (const one of LAYERS) choice.wants(one);
    expect(() => choice.checkNames('model.pt')).toThrow(
      'unknown layer: emb.wieght in model.pt (did you mean emb.weight?)',
    );
    expect(() => layerChoice({ conv: 'slices', names: ['/(/'] })).toThrow(
      /--layers must be names, globs or \/regular expressions\/, got \/\(\//,
    );
  });
});
