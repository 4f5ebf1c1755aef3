import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkpointPattern, nameCheckpoints } from '../../src/weights/checkpointNames.ts';
import { findCheckpoints } from '../../src/weights/findCheckpoints.ts';

const named = (paths: readonly string[]): string[] =>
  nameCheckpoints(paths).map((name) => (name === null ? 'none' : `${name.run}@${name.epoch}`));

describe('nameCheckpoints', () => {
  // biome-ignore format: a table reads line by line
  it.each([
    ['Lightning', ['epoch=3-step=1200.ckpt', 'epoch=4-step=1600.ckpt'], ['@3', '@4']],
    ['Lightning with a measure', ['epoch=3-val_loss=0.25.ckpt', 'epoch=4-val_loss=0.22.ckpt'], ['@3', '@4']],
    ['Lightning, versions', ['lightning_logs/version_0/checkpoints/epoch=9-step=90.ckpt'], ['lightning_logs_version_0@9']],
    ['Hugging Face', ['checkpoint-500/model.safetensors', 'checkpoint-1000/model.safetensors'], ['@500', '@1000']],
    ['Hugging Face, two trainings', ['a/checkpoint-5/pytorch_model.bin', 'b/checkpoint-5/pytorch_model.bin'], ['a@5', 'b@5']],
    ['Keras', ['weights.01-0.53.weights.h5', 'weights.02-0.41.weights.h5'], ['@1', '@2']],
    ['plain numbers', ['0.npz', '1.npz', '10.npz'], ['@0', '@1', '@10']],
    ['a number at the end', ['net_9.pt', 'net_10.pt', 'best.pt'], ['@9', '@10', 'none']],
    ['runs by folder', ['b=16_seed=1/epoch_1.pt', 'b=32_seed=1/epoch_1.pt'], ['b=16_seed=1@1', 'b=32_seed=1@1']],
    ['runs by file', ['mlp_b16_epoch3.npz', 'mlp_b32_epoch3.npz'], ['mlp_b16@3', 'mlp_b32@3']],
    ['runs by file, bare numbers', ['b=16_3.npz', 'b=16_4.npz', 'b=32_3.npz', 'b=32_4.npz'], ['b=16@3', 'b=16@4', 'b=32@3', 'b=32@4']],
    ['two networks', ['G_100.pth', 'G_200.pth', 'D_100.pth', 'D_200.pth'], ['G@100', 'G@200', 'D@100', 'D@200']],
    ['a learning rate', ['lr0.01_epoch2.pt', 'lr0.1_epoch2.pt'], ['lr0.01@2', 'lr0.1@2']],
    ['no epochs', ['resnet50.pt', 'vgg16.pt', 'final.safetensors'], ['none', 'none', 'none']],
    ['one number alone', ['resnet-50.pt'], ['none']],
  ])('%s', (_, paths, wanted) => expect(named(paths)).toEqual(wanted));

  it('reads names by a pattern, text or regular expression', () => {
    const read = (pattern: string, path: string): unknown => {
      const name = checkpointPattern(pattern)(path);
      return name === null ? null : [name.run, name.epoch];
    };
    expect(read('net_{epoch}_of', 'a/net_7_of_20.pt')).toEqual(['a_20', 7]);
    expect(read('{run}/gen*_{epoch}.pt', 'x/y/gen12_003.pt')).toEqual(['x_y', 3]);
    expect(read('/(?<run>\\w)-after(?<epoch>\\d+)/', 'w-after12.npz')).toEqual(['w', 12]);
    expect(read('net_{epoch}', 'net_a.pt')).toBeNull();
    expect(() => checkpointPattern('net_*')).toThrow(/--epoch-from must be text with \{epoch\}/);
    expect(() => checkpointPattern('/(?<epoch>\\d+/')).toThrow(/--epoch-from must be .* got .*group/);
  });
});

describe('findCheckpoints', () => {
  const folder = mkdtempSync(join(tmpdir(), 'checkpoints-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const make = (...paths: string[]): void => {
    for (const path of paths) {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), '');
    }
  };
  const found = (...args: Parameters<typeof findCheckpoints>): string[] =>
    findCheckpoints(...args).found.map(({ run, epoch, path }) => `${run}@${epoch} ${relative(folder, path)}`);

  it('sorts runs and epochs naturally, calls a run without a name after its folder, and tells what it passes over', () => {
    make(
      'one/epoch_10.pt',
      'one/epoch_9.pt',
      'one/best.pt',
      'two/b=16/1.npz',
      'two/b=16/2.npz',
      'two/b=4/2.npz',
      'two/b=4/3.npz',
    );
    expect(found([join(folder, 'one')])).toEqual(['one@9 one/epoch_9.pt', 'one@10 one/epoch_10.pt']);
    expect(found([join(folder, 'two')]).map((line) => line.split(' ')[0])).toEqual([
      'b=4@2',
      'b=4@3',
      'b=16@1',
      'b=16@2',
    ]);
    expect(findCheckpoints([join(folder, 'one')]).passedOver).toEqual([
      { path: join(folder, 'one', 'best.pt'), reason: expect.stringContaining('its name says no epoch') },
    ]);
  });

  it('counts names from what holds all paths, as a shell lists them', () => {
    const paths = ['one/epoch_9.pt', 'one/epoch_10.pt'].map((path) => join(folder, path));
    expect(found(paths)).toEqual(['one@9 one/epoch_9.pt', 'one@10 one/epoch_10.pt']);
    expect(
      found([join(folder, 'one'), join(folder, 'two', 'b=4')]).map((line) => line.split(' ')[0]),
    ).toEqual(['one@9', 'one@10', 'two_b=4@2', 'two_b=4@3']);
  });

  it('refuses what it cannot tell apart, and folders without checkpoints', () => {
    make('twice/a/step1_epoch2.pt', 'twice/a/step2_epoch2.pt', 'none/final.pt');
    expect(() => findCheckpoints([join(folder, 'twice')])).toThrow(
      /different epochs, got epoch 2 of run a twice: .*step1_epoch2\.pt and .*step2_epoch2\.pt/,
    );
    expect(found([join(folder, 'twice')], 'step{epoch}').map((line) => line.split(' ')[0])).toEqual([
      'a@1',
      'a@2',
    ]);
    expect(() => findCheckpoints([join(folder, 'none')])).toThrow(
      /must hold checkpoints .* got none among 1 weights files/,
    );
  });
});
