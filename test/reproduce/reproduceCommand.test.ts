import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { experimentNames } from '../../src/reproduce/registry.ts';
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
