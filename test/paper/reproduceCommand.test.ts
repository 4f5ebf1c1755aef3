import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { experimentNames } from '../../src/paper/registry.ts';
import { phasewatch } from '../cli/phasewatchProcess.ts';

it('lists the experiments with what they cost and need', async () => {
  const { code, stdout } = await phasewatch(['reproduce', '--json']);
  expect(code).toBe(0);
  const { experiments } = JSON.parse(stdout) as { experiments: Record<string, unknown>[] };
  expect(experiments.map(({ name }) => name)).toEqual(experimentNames());
  const needs = Object.fromEntries(experiments.map((one) => [one.name, one.needs]));
  expect(needs).toMatchObject({ universality: null, lenet5: 'mnist', localization: 'cifar10' });
  expect(needs.pretrained).toBe('weights files');
  expect(experiments[0]!.cost).toMatchObject({ quick: 'seconds' });
});

it('asks for CIFAR-10 before anything else, with the command that gets it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reproduce-'));
  try {
    const env = { PHASEWATCH_CACHE: join(folder, 'cache') };
    const { code, stderr } = await phasewatch(['reproduce', 'mlp3', '--out', join(folder, 'out')], env);
    expect(code).toBe(2);
    expect(stderr).toContain('phasewatch data fetch cifar10');
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('cuts an experiment by --set, and says with every number what is cut', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reproduce-'));
  const sets = ['epochs=1', 'trainImages=600', 'testImages=100', 'batchSize=32'].flatMap((set) => [
    '--set',
    set,
  ]);
  try {
    const { code, stdout } = await phasewatch(['reproduce', 'lenet5', ...sets, '--out', folder, '--json']);
    expect(code).toBe(0);
    const [one] = (JSON.parse(stdout) as { reproduced: { cut: string; numbers: object[] }[] }).reproduced;
    for (const part of ['1 of 10 epochs', '600 of 60000 training images', 'batchSize 32 instead of 128']) {
      expect(one!.cut).toContain(part);
    }
    expect(one!.numbers).toContainEqual(expect.objectContaining({ number: 'training accuracy, epoch 1' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);

it('refuses --set for what trains nothing', async () => {
  const { code, stderr } = await phasewatch(['reproduce', 'universality', '--set', 'epochs=2']);
  expect(code).toBe(2);
  expect(stderr).toContain('--set must be left out for universality, which trains nothing, got epochs=2');
});
