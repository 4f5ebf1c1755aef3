import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import yargs from 'yargs';
import { type Tensor, writeSafetensors } from '../../src/base/safetensors/safetensors.ts';
import { exportCommand } from '../../src/cli/export.ts';
import { exportFlatfiles } from '../../src/weights/export/exportFlatfiles.ts';
import { exportNpy } from '../../src/weights/export/exportNpy.ts';
import { layerFileNames } from '../../src/weights/export/layerFileNames.ts';
import { writeNpy } from '../../src/weights/export/writeNpy.ts';
import { findWeights } from '../../src/weights/findWeights.ts';
import { openWeights } from '../../src/weights/openWeights.ts';
import { fixture, pattern, readAll } from './fixtures.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'export-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const tensor = (shape: number[], seed: number): Tensor => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from(pattern(shape, seed)),
});

it('writes .npy files byte for byte as numpy does', () => {
  const path = join(folder, 'x.npy');
  writeNpy(path, [5, 3], Float32Array.from(pattern([5, 3], 1)));
  expect(readFileSync(path)).toEqual(readFileSync(fixture('matrix.npy')));
});

it('exports layers that read back the same', () => {
  const weights = openWeights(fixture('torch.safetensors'));
  const { layers, skipped } = exportNpy(weights, folder);
  weights.close();
  expect(layers.map(({ file }) => file).sort()).toEqual([
    'conv.weight.npy',
    'embed.weight.npy',
    'fc.weight.npy',
    'quantized.weight.npy',
  ]);
  expect(skipped.map(({ name }) => name)).toContain('fc.bias');
  const original = readAll(fixture('torch.safetensors')).layers;
  for (const { name, file, shape } of layers) {
    const [back] = Object.values(readAll(join(folder, file)).layers);
    expect(back).toMatchObject({ shape, values: original[name]!.values });
  }
});

describe('exportFlatfiles', () => {
  it('writes what WeightWatcher looks for, kernels with axes outputs, inputs, sides', () => {
    const path = join(folder, 'epoch-001.safetensors');
    writeSafetensors(
      path,
      new Map([
        ['conv1/kernel', tensor([2, 3, 4, 5], 1)],
        ['fc1/kernel', tensor([6, 4], 2)],
        ['line/kernel', tensor([3, 4, 5], 3)],
      ]),
    );
    const weights = openWeights(path);
    const out = join(folder, 'out');
    const { layers, skipped } = exportFlatfiles(weights, out);
    weights.close();
    expect(skipped).toEqual([
      { name: 'line/kernel', reason: 'WeightWatcher reads no kernels of 3 dimensions' },
    ]);
    const config = JSON.parse(readFileSync(join(out, 'ww_config.json'), 'utf8'));
    expect(config).toMatchObject({ framework: 'ww_flatfiles', weights_dir: out });
    expect(Object.values(config.layers)).toEqual([
      expect.objectContaining({
        name: 'conv1/kernel',
        weightfile: 'conv1.kernel.weight.npy',
        type: 'conv2d',
        dims: '[5,4,2,3]',
      }),
      expect.objectContaining({ weightfile: 'fc1.kernel.weight.npy', type: 'dense', dims: '[6,4]' }),
    ]);
    const [kernel] = Object.values(readAll(join(out, layers[0]!.file)).layers);
    const original = pattern([2, 3, 4, 5], 1);
    const expected: number[] = [];
    for (let o = 0; o < 5; o++)
      for (let i = 0; i < 4; i++)
        for (let y = 0; y < 2; y++)
          for (let x = 0; x < 3; x++) expected.push(original[((y * 3 + x) * 4 + i) * 5 + o]!);
    expect(kernel).toMatchObject({ shape: [5, 4, 2, 3], values: expected });
  });
});

it('makes file names that are safe and differ', () => {
  const names = [
    'fc1/kernel',
    'fc1.kernel',
    'FC1.kernel',
    '../../etc',
    'a b:c',
    '',
    '-rf',
    '_-rf',
    '--',
    '.-x',
  ];
  expect(layerFileNames(names)).toEqual([
    'fc1.kernel',
    'fc1.kernel-2',
    'FC1.kernel-3',
    '_etc',
    'a_b_c',
    '_',
    '_-rf',
    '_-rf-2',
    '_--',
    '_-x',
  ]);
});

describe('findWeights', () => {
  it('finds the snapshots of a results folder, run by run and epoch by epoch', () => {
    for (const run of ['b=2', 'b=16']) {
      const snapshots = join(folder, 'runs', run, 'snapshots');
      mkdirSync(snapshots, { recursive: true });
      for (const epoch of ['001', '000']) writeFileSync(join(snapshots, `epoch-${epoch}.safetensors`), '');
      writeFileSync(join(folder, 'runs', run, 'checkpoint.safetensors'), '');
    }
    expect(findWeights(folder).map(({ name }) => name)).toEqual([
      'b=16/epoch-000',
      'b=16/epoch-001',
      'b=2/epoch-000',
      'b=2/epoch-001',
    ]);
    expect(findWeights(join(folder, 'runs', 'b=2')).map(({ name }) => name)).toEqual([
      'epoch-000',
      'epoch-001',
    ]);
  });

  it('finds the weights files of a folder, and none of the other ones', () => {
    for (const name of [
      'a.pt',
      'b.npz',
      'data.bin',
      'model.json',
      'package.json',
      'notes.txt',
      'pytorch_model-1.bin',
    ]) {
      writeFileSync(join(folder, name), '');
    }
    expect(findWeights(folder).map(({ name }) => name)).toEqual(['a', 'b', 'model', 'pytorch_model-1']);
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    expect(() => findWeights(empty)).toThrow(/empty must hold weights/);
    expect(() => findWeights(join(folder, 'none'))).toThrow(/must be a file or a folder, got none/);
  });
});

describe('export', () => {
  const run = async (...words: string[]): Promise<unknown> => {
    let printed = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed += text;
      return true;
    });
    await yargs(['export', ...words, '--json', '--quiet'])
      .options({ json: { type: 'boolean', default: false }, quiet: { type: 'boolean', default: false } })
      .strict()
      .exitProcess(false)
      .fail((message, error) => {
        throw error ?? new Error(message);
      })
      .command(exportCommand)
      .parseAsync();
    return JSON.parse(printed);
  };

  it('puts one file into the folder, more into a folder each', async () => {
    const one = join(folder, 'one');
    await run(fixture('state.pt'), '--to', one, '--format', 'weightwatcher');
    expect(readdirSync(one)).toContain('ww_config.json');
    const two = join(folder, 'two');
    const document = await run(fixture('state.pt'), fixture('matrix.npy'), '--to', two);
    expect(readdirSync(two)).toEqual(['matrix', 'state']);
    expect(document).toMatchObject({
      exported: [
        { source: fixture('state.pt'), folder: join(two, 'state') },
        { layers: [{ name: 'matrix', file: 'matrix.npy', shape: [5, 3] }], skipped: [] },
      ],
    });
  });

  it('writes no file over another', async () => {
    await expect(run(fixture('model.h5'), fixture('model.onnx'), '--to', folder)).rejects.toThrow(
      /must have different names/,
    );
  });
});
